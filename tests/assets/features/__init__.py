"""Tests of assets/features."""
