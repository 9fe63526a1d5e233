"""Search over catalogue entries in English and Chinese: words, synonyms, values, joined tables, vectors."""
