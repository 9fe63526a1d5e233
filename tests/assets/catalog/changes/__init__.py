"""Tests of differences, renames and DDL."""
