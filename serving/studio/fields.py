"""Errors of a form by field, so that each is shown beside what it is about, and the form as it was sent."""

import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import ConflictError, HeddleError
from serving.studio.texts import Say

T = TypeVar("T", bound=BaseModel)
Errors = dict[str, str]  # field -> what is wrong with it; "" is the form as a whole
_PLACE = r"\b(?:field|column|key) {}(?!\w):?"  # as messages name a field
_SAID = {"string_pattern_mismatch": "e_name", "string_too_short": "e_empty", "missing": "e_empty",
         "too_short": "e_empty", "string_too_long": "e_long"}  # fmt: skip


class AgainError(Exception):
    """The form was not taken: it is shown again with what was typed and what is wrong with it."""

    def __init__(self, page: str, status: int = 400) -> None:
        self.page, self.status = page, status
        super().__init__("the form is shown again")


def checked(content: Mapping[str, Any], shape: type[T], say: Say, prefix: str = "") -> tuple[T | None, Errors]:
    """A record from its fields, or what is wrong with each; `prefix` goes before the names of fields."""
    try:
        return shape.model_validate(content), {}
    except ValidationError as error:
        found: Errors = {}
        for one in error.errors():
            text = str(one["msg"]).removeprefix("Value error, ")
            names = [".".join(str(part) for part in one["loc"])]
            head, colon, rest = text.partition(":")
            if not names[0] and colon:  # a check of the whole names its fields itself
                own = [name for name in head.split(", ") if name in shape.model_fields]
                names, text = (own[:1], rest.strip()) if own else ([""], text)
            said = "e_empty" if one["input"] == "" else _SAID.get(one["type"])
            for name in names:
                found.setdefault(prefix + name if name else "", say(said) if said else text)
        return None, found


def by_field(error: HeddleError, known: Collection[str], say: Say) -> Errors:
    """An error beside the field that its message names; beside none where it names none of these."""
    places = {k: found for k in known if k and (found := re.search(_PLACE.format(re.escape(k)), error.what))}
    field = max(places, key=len, default="")
    what = error.what[places[field].end() :].strip() or error.what if field else error.what
    return {field: f"{what}. {say('fix')}: {error.fix}" if error.fix else what}


def status_of(error: HeddleError) -> int:
    """Of the page that shows the error: a conflict, or a form that is wrong."""
    return 409 if isinstance(error, ConflictError) else 400
