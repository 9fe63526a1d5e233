"""Tests of rules about tables."""
