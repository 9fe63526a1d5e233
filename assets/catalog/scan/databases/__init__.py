"""Readers of databases."""
