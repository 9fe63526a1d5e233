"""Templates of log messages: masked values, then Drain's tree."""
