"""Tests of rules from and for other tools."""
