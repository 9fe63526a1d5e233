"""Reading and writing .ktr, .kjb, .hpl and .hwf files."""
