"""Tests of assets/datasets."""
