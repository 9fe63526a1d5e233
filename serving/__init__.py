"""ASGI apps that run without Dagster."""
