"""The work itself, by domain: pure modules beside a defs.py that alone knows Dagster."""
