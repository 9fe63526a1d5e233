"""Measures columns in one pass over Arrow batches, in bounded memory."""
