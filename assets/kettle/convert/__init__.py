"""Writes transformations as readable polars scripts, as SQL and as dbt models."""
