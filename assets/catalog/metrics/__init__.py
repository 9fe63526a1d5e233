"""Metric records: what is counted how, kept in git, compiled by the semantic layer."""
