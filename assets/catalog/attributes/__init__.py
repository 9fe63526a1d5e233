"""Attributes that a company gives its entities beyond those that the catalogue has of itself."""
