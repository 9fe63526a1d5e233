"""Lineage: which columns and assets everything is made from, with the evidence, and what a change breaks."""
