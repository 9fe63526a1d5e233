"""Column lineage of SQL scripts in all of sqlglot's dialects."""
