"""Filling of missing values by models that are measured against simple fills on cells whose value is known."""
