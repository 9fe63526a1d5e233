"""Ways to protect values; each file is one, found by its name."""
