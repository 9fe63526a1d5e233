"""Joins between sources: keys found and mended, rows predicted before anything runs, the fused table as an asset."""
