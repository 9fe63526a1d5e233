"""Tests of assets/sources."""
