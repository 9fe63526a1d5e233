"""Running a transformation: steps, row batches, counters, errors."""
