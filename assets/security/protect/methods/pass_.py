"""pass: the value as it is, by a decision that says why."""

from typing import TYPE_CHECKING

from pydantic import Field

from assets.security.protect.base import OneWay, Params, Scope

if TYPE_CHECKING:
    import polars as pl


class Pass(Params):
    """Parameters of pass."""

    why: str = Field(min_length=3, description="why the values may be seen")


class Method(OneWay):
    """Nothing is done; the reason stands in the policy."""

    keeps_form = True
    hides = False
    words = ""
    params: type[Params] = Pass

    def protect(self, values: "pl.Series", params: Pass, scope: Scope) -> "pl.Series":
        """The same values."""
        return values
