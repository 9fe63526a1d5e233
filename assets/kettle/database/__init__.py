"""Kettle database connections over SQLAlchemy."""
