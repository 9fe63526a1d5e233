"""The catalogue's database: entries with every version of them, and what was measured."""
