"""Adapters to engines (warehouse, objects, tracking, vectors, language model, notifications) behind small protocols."""
