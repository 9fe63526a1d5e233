"""Sensitive classes of columns and of spans in texts: found by content, name and context; values never kept."""
