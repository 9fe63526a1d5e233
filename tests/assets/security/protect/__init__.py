"""Protection of values."""
