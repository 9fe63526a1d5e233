"""Doubles for what cannot be had in a test, driven by real clients."""
