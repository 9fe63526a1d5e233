"""Protects the rows of one batch. An error says column and method; what the engine said of a value is dropped."""

from collections.abc import Sequence

import polars as pl

from assets.security.protect.base import Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.plan import Decision
from core.errors import HeddleError

Work = Sequence[tuple[Decision, Scope]]


def protected(frame: pl.DataFrame, work: Work) -> pl.DataFrame:
    """The same rows and columns, protected.

    Raises:
        ProtectionError: naming the column and the method.
    """
    return pl.DataFrame([_one(frame[decision.column], decision, scope) for decision, scope in work])


def _one(values: pl.Series, decision: Decision, scope: Scope) -> pl.Series:
    if not decision.protected:
        return values
    where = f"column {decision.column!r}, {decision.use.method}"
    try:
        made = decision.use.how.protect(values, decision.params, scope)
    except HeddleError as error:
        raise ProtectionError(f"{where}: {error.what}", error.fix) from None
    except Exception as error:  # engines quote the value they stumble over
        raise ProtectionError(f"{where}: {type(error).__name__}", "choose a method that fits the column") from None
    if len(made) != len(values) or (made.is_not_null() & values.is_null()).any():
        raise ProtectionError(f"{where}: rows do not match", "report this")
    return made.rename(values.name)
