"""Tests of the catalogue's database."""
