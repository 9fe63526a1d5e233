"""Protection of values: methods, keys, policies, the vault of tokens, masked tables."""
