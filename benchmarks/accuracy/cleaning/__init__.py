"""Detection and repair of wrong cells against truth."""
