"""mask: the first and last characters show, or what of an e-mail address, a name or an address may show.

The same results as `Partial` of assets/kettle/generate/masks.py. The number of stars says nothing of the length.
"""

from typing import NamedTuple

import polars as pl
from pydantic import Field, model_validator

from assets.security.protect.base import OneWay, Params, Scope
from assets.security.protect.regions import region
from assets.security.protect.texts import as_text

STARS = "***"


class Shown(NamedTuple):
    """How much of a class shows where the policy does not say: characters at both ends, and how many have to hide."""

    first: int
    last: int
    hidden: int = 3


# of bank cards what PCI DSS 4.0 (3.4.1) allows to show; of names the first sign, in Chinese the surname
BY_CLASS = {
    "mobile": Shown(3, 4),
    "landline": Shown(3, 2),
    "phone": Shown(3, 2),
    "id_card": Shown(3, 2, 8),
    "bank_card": Shown(6, 4, 6),
    "credit_card": Shown(6, 4, 5),
    "person_name": Shown(1, 0, 1),
    "plate": Shown(2, 1),
    "passport": Shown(1, 2, 4),
    "uscc": Shown(4, 2, 8),
    "iban": Shown(4, 2, 8),
    "bank_account": Shown(0, 4, 6),
}
OTHERS = Shown(1, 0)
EMAIL = r"([^@])[^@]{2,}(@[^@]+)"


class Mask(Params):
    """Parameters of mask; without them the class decides."""

    first: int | None = Field(default=None, ge=0, le=20)
    last: int | None = Field(default=None, ge=0, le=20)
    hidden: int | None = Field(default=None, ge=1, description="a text of which fewer would be hidden shows nothing")

    @model_validator(mode="after")
    def _together(self) -> "Mask":
        if (self.first is None) != (self.last is None):
            raise ValueError("first and last belong together")
        return self


def shown(params: Mask, class_: str) -> Shown:
    """How much shows of values of a class."""
    usual = BY_CLASS.get(class_, OTHERS)
    if params.first is not None and params.last is not None:
        usual = Shown(params.first, params.last)
    return usual._replace(hidden=params.hidden) if params.hidden is not None else usual


class Method(OneWay):
    """Stars in the place of what identifies."""

    words = "masked"
    params: type[Params] = Mask

    def protect(self, values: pl.Series, params: Mask, scope: Scope) -> pl.Series:
        """Texts of which only what is allowed shows."""
        texts = as_text(values)
        if scope.class_ == "email" and params.first is None:
            return _replaced(texts, EMAIL)
        if scope.class_ == "address" and params.first is None:
            stars = pl.when(pl.col("t").is_not_null()).then(pl.lit(STARS))
            known = region(texts, "city").fill_null("")
            return texts.to_frame("t").select(known + stars).to_series().rename(values.name)
        first, last, hidden = shown(params, scope.class_)
        return _replaced(texts, f"(.{{{first}}}).{{{hidden},}}(.{{{last}}})")


def _replaced(texts: pl.Series, pattern: str) -> pl.Series:
    # the second branch takes every other text; its groups are empty
    return texts.str.replace(rf"(?s)^(?:{pattern}|.+)$", "${1}" + STARS + "${2}")
