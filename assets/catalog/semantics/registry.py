"""All semantic types by name: those shipped in `types/*.yaml`, and a user's from `<folder>/semantics/*.yaml`.

A user's entry of the same name replaces the shipped one. Word lists for them lie in `<folder>/semantics/words/*.yaml`.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path

from assets.catalog.semantics import dictionaries
from assets.catalog.semantics.column_tests import TESTS
from assets.catalog.semantics.names import Hints
from assets.catalog.semantics.recognise import Recogniser
from assets.catalog.semantics.spec import SemanticsError, SemanticType, Sensitivity, read_types
from assets.catalog.semantics.validators import VALIDATORS

FOLDER = Path(__file__).parent / "types"
GUARDED = (Sensitivity.PERSONAL, Sensitivity.SENSITIVE, Sensitivity.SECRET)


class Registry:
    """Types and word lists together; what they need compiled is compiled on first use.

    Args:
        types: entries; a later one of the same name replaces an earlier one.
        words: dictionaries beside the built-in ones.

    Raises:
        SemanticsError: an entry names a dictionary, validator, test or type that does not exist.
    """

    def __init__(self, types: Iterable[SemanticType], words: Mapping[str, dictionaries.Words] | None = None) -> None:
        self.types = {t.name: t for t in types}
        self._own_words = dict(words or {})
        for type_ in self.types.values():
            self._check(type_)

    def __getitem__(self, name: str) -> SemanticType:
        if name not in self.types:
            near = get_close_matches(name, self.types, 3)
            raise SemanticsError(
                f"there is no semantic type {name}",
                f"did you mean {' or '.join(near)}?" if near else "`heddle catalog meaning types` lists them",
            )
        return self.types[name]

    def sensitivity(self, name: str) -> Sensitivity:
        """How carefully values of a type are to be handled; unknown types count as not sensitive."""
        return self.types[name].sensitivity if name in self.types else Sensitivity.NONE

    def sensitive(self, name: str) -> bool:
        """Whether values of a type are about persons, or secret: not to be shown, stored in profiles or logged."""
        return self.sensitivity(name) in GUARDED

    @cached_property
    def hints(self) -> Hints:
        """Headers that speak for types."""
        return Hints(self.types.values())

    @cached_property
    def recogniser(self) -> Recogniser:
        """What finds types by values."""
        return Recogniser(tuple(self.types.values()), dictionaries.builtin() | self._own_words)

    def _check(self, type_: SemanticType) -> None:
        for validator in type_.validator:
            if validator not in VALIDATORS and not validator.startswith("stdnum:"):
                raise SemanticsError(
                    f"type {type_.name}: no validator {validator}", f"use one of {', '.join(VALIDATORS)}"
                )
        if type_.column and type_.column not in TESTS:
            raise SemanticsError(f"type {type_.name}: no column test {type_.column}", f"use one of {', '.join(TESTS)}")
        known = {name for names in dictionaries.names() for name in names} | set(self._own_words)
        missing = [name for words in type_.words for name in words.of if name not in known]
        if missing:
            raise SemanticsError(
                f"type {type_.name}: no word list {', '.join(missing)}",
                "add it in semantics/words/*.yaml beside the types",
            )
        for other in (*type_.beside, *([type_.is_a] if type_.is_a else [])):
            if other not in self.types:
                raise SemanticsError(
                    f"type {type_.name}: it names the type {other}, which does not exist", "correct the name"
                )


@lru_cache(1)
def builtin() -> Registry:
    """The types that Heddle ships."""
    return Registry(_read(FOLDER))


def load(folder: Path) -> Registry:
    """The shipped types with those of a user's folder, which holds `semantics/*.yaml`; without such, the shipped ones.

    Raises:
        SemanticsError: naming file, entry and field.
    """
    own = folder / "semantics"
    if not own.is_dir():
        return builtin()
    words: dict[str, dictionaries.Words] = {}
    for path in sorted((own / "words").glob("*.yaml")):
        words |= dictionaries.read_words(path)
    return Registry((*builtin().types.values(), *_read(own)), words)


def _read(folder: Path) -> tuple[SemanticType, ...]:
    return tuple(t for path in sorted(folder.glob("*.yaml")) for t in read_types(path))
