"""Which tags there are and which semantic types speak for each: shipped ones, and a team's own in `tags.yaml`."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from assets.catalog.model import Value
from assets.catalog.semantics.spec import SemanticsError, read_yaml
from assets.documents import loaded, shaped

if TYPE_CHECKING:
    from assets.catalog.semantics.registry import Registry

FILE = "tags.yaml"
SHIPPED = Path(__file__).with_name("vocabulary.yaml")
NAME = r"^[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*)?$"
LONGEST = 60
PERSONAL, SECRET = "pii:", "secret"
OPENS = 4  # level of a sensitive class that opens something


class Term(Value):
    """A tag: its name in both languages, the semantic types that speak for it, and the wider tag it is part of."""

    en: str
    zh: str = ""
    of: str = ""
    types: tuple[str, ...] = Field(default=())


class Vocabulary:
    """The tags by name.

    Args:
        types: the semantic types; those about persons that no tag names have the tag of their sensitive class, or one
            of their own.
    """

    def __init__(self, terms: Mapping[str, Term], types: "Registry") -> None:
        self.terms = terms
        self._types = types
        self._of: dict[str, list[str]] = defaultdict(list)
        for tag, term in terms.items():
            for name in term.types:
                self._of[name].append(tag)
        self.terms = {**terms, **self._classes()}

    def tags(self, meaning: str) -> list[str]:
        """The tags that a semantic type speaks for."""
        found = self._of.get(meaning, [])
        if not self._types.sensitive(meaning) or self._guarded(found):
            return list(found)
        from assets.security.sensitive.classes import builtin

        class_ = builtin().by_type.get(meaning)
        return [*found, f"pii:{class_.name if class_ else meaning}"]

    def implied(self, tag: str) -> tuple[str, ...]:
        """The wider tags that a tag implies, the next one first."""
        found: list[str] = []
        while (tag := self.terms[tag].of if tag in self.terms else "") and tag not in found:
            found.append(tag)
        return tuple(found)

    def _classes(self) -> dict[str, Term]:
        """The classes of sensitive data that no tag is called like: each is part of the tag that has its types."""
        from assets.security.sensitive.classes import builtin

        found = {}
        for class_ in builtin().all.values():
            wider = [tag for type_ in class_.types for tag in self._guarded(self._of.get(type_, ()))]
            if (tag := f"{PERSONAL}{class_.name}") not in self.terms and class_.flagged:
                secret = SECRET if class_.level >= OPENS else ""
                found[tag] = Term(en=class_.label.en, zh=class_.label.zh, of=(wider or [secret])[0])
        return found

    def _guarded(self, tags: Iterable[str]) -> list[str]:
        return [tag for tag in tags if tag.startswith((PERSONAL, SECRET))]

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
    vocabulary = Vocabulary(terms, types)
    for tag, term in terms.items():
        if term.of and (term.of not in vocabulary.terms or tag in vocabulary.implied(tag)):
            raise SemanticsError(f"{folder / FILE}, tag {tag}, of: {term.of!r} is no wider tag", "name another one")
    return vocabulary


@lru_cache(1)
def _shipped() -> dict[str, Term]:
    return {tag: Term.model_validate(said) for tag, said in read_yaml(SHIPPED).items()}


def _read(path: Path, types: "Registry") -> dict[str, Term]:
    if not path.exists():
        return {}
    said = loaded(path, SemanticsError) or {}
    if not isinstance(said, dict):
        raise SemanticsError(f"{path} is no mapping of tags", "write lines such as `loyalty: {en: loyalty, types: []}`")
    return {str(tag): _term(path, str(tag), item, types) for tag, item in said.items()}


def _term(path: Path, tag: str, item: object, types: "Registry") -> Term:
    check(tag, str(path))
    found = shaped(item, Term, f"{path}, tag {tag}", refusal=SemanticsError)
    for name in found.types:
        if name not in types.types:
            fix = "`heddle catalog meaning types` lists them"
            raise SemanticsError(f"{path}, tag {tag}, types: there is no semantic type {name}", fix)
    return found


def check(tag: str, where: str = "") -> None:
    """Whether a tag may be called so. Raises SemanticsError when not."""
    if not re.match(NAME, tag) or len(tag) > LONGEST:
        prefix = f"{where}: " if where else ""
        raise SemanticsError(f"{prefix}{tag[:LONGEST]!r} is no name of a tag", "write it as `geo` or `pii:phone`")
