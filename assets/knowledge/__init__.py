"""The knowledge domain."""
