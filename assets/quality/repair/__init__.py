"""Corrections of single cells with their confidence."""
