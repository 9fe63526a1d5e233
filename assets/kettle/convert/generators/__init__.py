"""Generators by step type: each module has a table GENERATORS from the type to its function."""
