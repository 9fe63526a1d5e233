"""Kettle's value types, masks, conversions and comparison over polars columns."""
