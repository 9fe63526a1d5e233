"""Spans of sensitive data in texts, Chinese and English: patterns, check digits, context words, grammars of names."""
