"""The endpoint server."""
