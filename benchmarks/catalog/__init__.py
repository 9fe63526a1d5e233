"""Speed and memory of the catalogue: relations, search, and what else it does over many tables."""
