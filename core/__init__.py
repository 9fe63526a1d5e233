"""Settings, names, errors and value types that every other package may use. Standard library and pydantic only."""
