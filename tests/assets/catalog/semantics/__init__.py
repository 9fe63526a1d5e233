"""Tests of the meaning of columns."""
