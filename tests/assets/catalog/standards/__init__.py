"""Tests of standards and code tables."""
