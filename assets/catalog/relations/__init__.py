"""How tables hang together: keys, foreign keys, joins and dependencies, found in sketches of their values."""
