"""Real engines."""
