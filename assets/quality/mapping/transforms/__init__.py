"""Transforms, one in each file; found by the registry."""
