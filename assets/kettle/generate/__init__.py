"""Real Kettle steps made from rules: conditions, mappings, joins, imputed values, field rules, masks."""
