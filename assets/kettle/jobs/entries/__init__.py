"""The job entries: one file per family, one class per entry type."""
