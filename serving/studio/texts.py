"""What the pages say, in English and Chinese, and in which of them a reader wants it."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from starlette.requests import Request

LANGUAGES = ("en", "zh")
COOKIE = "lang"


class MissingError(Exception):
    """There is no such page for this reader; `near` are keys that may be meant."""

    def __init__(self, key: str, near: Sequence[str] = ()) -> None:
        self.key, self.near = key, tuple(near)
        super().__init__(key)


@cache
def texts() -> dict[str, tuple[str, str]]:
    """Name -> the text in each of LANGUAGES."""
    found: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8"))
    return {name: (en, zh) for name, (en, zh) in found.items()}


class Say:
    """Texts in one language: `say("columns")`, `say("page", n=3)`."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._place = LANGUAGES.index(lang)

    def __call__(self, name: str, **values: object) -> str:
        """A text; raises KeyError for an unknown name."""
        return texts()[name][self._place].format(**values)

    def either(self, name: str, other: str) -> str:
        """The text of a name that the data gave, or `other` where there is none."""
        return self(name) if name in texts() else other

    def of(self, both: Mapping[str, str]) -> str:
        """The one of two languages, such as a label."""
        return both.get(self.lang) or both.get("en", "")


def language(request: "Request") -> str:
    """`?lang=`, else what was chosen before, else what the browser asks for."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return str(wanted)
    return "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"
