"""Tests of join plans."""
