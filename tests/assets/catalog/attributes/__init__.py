"""Attributes of a company's own."""
