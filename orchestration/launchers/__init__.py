"""Run launchers, as part of dagster.yaml."""
