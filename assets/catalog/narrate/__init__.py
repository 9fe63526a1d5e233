"""Descriptions that a language model writes from evidence, beside those that templates write."""
