"""Mapping of the fields of one table to those of another, with the transform that each needs."""
