"""The ways to fill a column; `registry.py` lists them."""
