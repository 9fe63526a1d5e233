"""JavaScript, formulas and Java expressions inside steps."""
