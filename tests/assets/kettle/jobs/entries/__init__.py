"""Job entries."""
