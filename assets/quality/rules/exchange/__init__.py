"""Rules from and for other tools: Soda, Great Expectations, pandera, dbt."""
