"""The tables domain."""
