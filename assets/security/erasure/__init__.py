"""Finds everything that is kept about a person, gives it out, erases it, and searches every store afterwards."""
