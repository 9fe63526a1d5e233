"""The endpoints domain."""
