"""Sensitive data: found, protected, guarded and traced."""
