"""The table of sensitive classes: level, default protection and names, and which semantic types are of each."""

from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import Field

from assets.catalog.model import Value
from assets.catalog.semantics.names import Hints as Headers
from assets.catalog.semantics.spec import Hints, Label, SemanticsError, read_yaml
from assets.documents import shaped

FILE = Path(__file__).parent / "classes.yaml"
FLAGGED = 2  # level from which a column is flagged


class Protection(StrEnum):
    """What is done with values of a class where no policy says otherwise."""

    NONE = "none"
    MASK = "mask"
    HASH = "hash"
    TOKEN = "token"  # noqa: S105 - a method
    FPE = "fpe"
    GENERALISE = "generalise"
    NOISE = "noise"
    ENCRYPT = "encrypt"
    SUPPRESS = "suppress"


class SensitiveClass(Value):
    """One class; see classes.yaml for the fields.

    Attributes:
        level: 1 public to 4 secret.
        headers: with one of them, a column of a type in `given` is of this class; of any type when that is empty.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    level: int = Field(ge=1, le=4)
    protection: Protection
    entity: str
    types: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    headers: Hints = Hints()

    @property
    def flagged(self) -> bool:
        """Whether a column of it is to be tagged and protected."""
        return self.level >= FLAGGED

    @property
    def hints(self) -> Hints:
        """The headers, as the catalogue's look-up of headers names them."""
        return self.headers


class Classes:
    """All classes, by name, by semantic type and by header.

    Raises:
        SemanticsError: two classes claim a semantic type.
    """

    def __init__(self, classes: tuple[SensitiveClass, ...]) -> None:
        self.all = {c.name: c for c in classes}
        self.by_type: dict[str, SensitiveClass] = {}
        for class_ in classes:
            for type_ in class_.types:
                if type_ in self.by_type:
                    raise SemanticsError(
                        f"{type_} is of {self.by_type[type_].name} and of {class_.name}", "name it in one class"
                    )
                self.by_type[type_] = class_

    def __getitem__(self, name: str) -> SensitiveClass:
        if name not in self.all:
            raise SemanticsError(f"there is no sensitive class {name}", "`heddle sensitive classes` lists them")
        return self.all[name]

    @cached_property
    def headers(self) -> Headers:
        """What headers alone say."""
        return Headers(c for c in self.all.values() if c.headers != Hints())  # type: ignore[misc]


@lru_cache(1)
def builtin() -> Classes:
    """The classes of classes.yaml."""
    return Classes(read(FILE))


def read(path: Path) -> tuple[SensitiveClass, ...]:
    """The classes in a file.

    Raises:
        SemanticsError: naming file and entry.
    """
    entries = enumerate(read_yaml(path) or (), 1)
    return tuple(shaped(item, SensitiveClass, f"{path}, entry {n}", refusal=SemanticsError) for n, item in entries)
