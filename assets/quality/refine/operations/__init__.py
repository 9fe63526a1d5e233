"""Operations of OpenRefine, found by their names in a table."""
