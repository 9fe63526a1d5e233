"""Meaning of columns: semantic types as plug-ins, found by content first, then by header and neighbours."""
