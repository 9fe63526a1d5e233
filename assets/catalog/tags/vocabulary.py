"""Which tags there are and which semantic types speak for each: shipped ones, and a team's own in `tags.yaml`."""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from assets.catalog.model import Value
from assets.catalog.semantics.spec import SemanticsError, read_yaml

if TYPE_CHECKING:
    from assets.catalog.semantics.registry import Registry

FILE = "tags.yaml"
SHIPPED = Path(__file__).with_name("vocabulary.yaml")
NAME = r"^[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*)?$"
LONGEST = 60


class Term(Value):
    """A tag: its name in both languages, and the semantic types that speak for it."""

    en: str
    zh: str = ""
    types: tuple[str, ...] = Field(default=())


class Vocabulary:
    """The tags by name.

    Args:
        types: the semantic types; those about persons that no tag names get a tag of their own.
    """

    def __init__(self, terms: Mapping[str, Term], types: "Registry") -> None:
        self.terms = terms
        self._types = types
        self._of: dict[str, list[str]] = defaultdict(list)
        for tag, term in terms.items():
            for name in term.types:
                self._of[name].append(tag)

    def tags(self, meaning: str) -> list[str]:
        """The tags that a semantic type speaks for."""
        found = self._of.get(meaning, [])
        personal = self._types.sensitive(meaning) and not any(t.startswith(("pii:", "secret")) for t in found)
        return [*found, f"pii:{meaning}"] if personal else list(found)

    def label(self, tag: str, lang: str) -> str:
        """What a tag is called; its name where nobody says."""
        term = self.terms.get(tag)
        return tag if term is None else (term.zh or term.en) if lang == "zh" else term.en


def load(folder: Path, types: "Registry") -> Vocabulary:
    """The shipped tags with those of `tags.yaml` in HEDDLE_CATALOG_FILES; types of both count.

    Raises:
        SemanticsError: naming file, tag and field.
    """
    terms = dict(_shipped())
    for tag, term in _read(folder / FILE, types).items():
        known = terms.get(tag)
        merged = (*(known.types if known else ()), *term.types)
        terms[tag] = term.model_copy(update={"types": tuple(dict.fromkeys(merged))})
    return Vocabulary(terms, types)


@lru_cache(1)
def _shipped() -> dict[str, Term]:
    return {tag: Term.model_validate(said) for tag, said in read_yaml(SHIPPED).items()}


def _read(path: Path, types: "Registry") -> dict[str, Term]:
    if not path.exists():
        return {}
    said = read_yaml(path) or {}
    if not isinstance(said, dict):
        raise SemanticsError(f"{path} is no mapping of tags", "write lines such as `loyalty: {en: loyalty, types: []}`")
    return {str(tag): _term(path, str(tag), item, types) for tag, item in said.items()}


def _term(path: Path, tag: str, item: object, types: "Registry") -> Term:
    check(tag, str(path))
    try:
        found = Term.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "entry"
        raise SemanticsError(f"{path}, tag {tag}, {field}: {first['msg']}", "correct this field") from None
    for name in found.types:
        if name not in types.types:
            fix = "`heddle catalog meaning types` lists them"
            raise SemanticsError(f"{path}, tag {tag}, types: there is no semantic type {name}", fix)
    return found


def check(tag: str, where: str = "") -> None:
    """Whether a tag may be called so. Raises SemanticsError when not."""
    import re

    if not re.match(NAME, tag) or len(tag) > LONGEST:
        prefix = f"{where}: " if where else ""
        raise SemanticsError(f"{prefix}{tag[:LONGEST]!r} is no name of a tag", "write it as `geo` or `pii:phone`")
