"""Mapping of the fields of one table to those of another, with the transformation that each needs."""
