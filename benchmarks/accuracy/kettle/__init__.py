"""Equality with what PDI 9.3's own engine emitted from every step of public transformations and probes."""
