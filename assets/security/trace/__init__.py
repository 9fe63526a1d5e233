"""Every change of traced tables: who, which run and rule, hashes before and after, in a chain that shows tampering."""
