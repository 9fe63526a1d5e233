"""The Dagster shell: definitions, jobs, executors and the command line."""
