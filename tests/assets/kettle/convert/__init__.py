"""Generators, the scripts and queries they give, and what these compute."""
