"""SQL over a source or the warehouse by a person: checked, bounded, read-only."""
