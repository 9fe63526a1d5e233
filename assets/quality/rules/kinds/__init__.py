"""Kinds of rules: one class per file, named as its module."""
