"""OpenRefine: its operation histories run over tables, and its clustering of values."""
