"""The steps: one file per family, one class per step."""
