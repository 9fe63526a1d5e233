"""The datasets domain."""
