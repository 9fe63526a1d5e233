"""Dimension tables that people keep: defined in git, created and filled in a source's database."""
