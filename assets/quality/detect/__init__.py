"""Finds what is wrong with a table's cells."""
