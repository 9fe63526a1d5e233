"""Errors of protection; they name files, columns and counts, never a value."""

from core.errors import HeddleError


class ProtectionError(HeddleError):
    """A policy, a key or a value does not allow what was asked."""
