"""Anonymity and differential privacy."""
