"""Rules about the data of a table: files, kinds, one plan for all rules of a table."""
