"""What a transformation or job file says, as values: steps, hops, connections, parameters, entries."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Options:
    """Read access to the settings of one step, entry or sub-element (an lxml element), as Kettle reads them.

    A tag that is missing and a tag without text are both "" (or the given default). Several tags may be named: the
    first that is present counts, which covers the other spelling that Hop uses for the same setting.
    """

    def __init__(self, element: Any) -> None:
        self.element = element

    def text(self, *tags: str, default: str = "") -> str:
        """The text of the first of `tags` (a path such as "lookup/from") that is present and not empty."""
        for tag in tags:
            found = self.element.find(tag)
            if found is not None and found.text:
                return str(found.text)
        return default

    def flag(self, *tags: str, default: bool = False) -> bool:
        """Y, yes or true (any case) is true; any other text is false; absent or empty is the default."""
        text = self.text(*tags)
        return text.strip().lower() in ("y", "yes", "true", "1") if text else default

    def has(self, tag: str) -> bool:
        """Whether the tag is present, even empty."""
        return self.element.find(tag) is not None

    def rows(self, path: str) -> list["Options"]:
        """The repeated elements at `path`, such as "fields/field", each as Options."""
        return [Options(e) for e in self.element.findall(path)]

    def texts(self, path: str) -> list[str]:
        """The texts of the repeated elements at `path`, "" for an empty one."""
        return [str(e.text or "") for e in self.element.findall(path)]

    def children(self) -> Iterator[tuple[str, "Options"]]:
        """Tag and content of each direct child element."""
        for child in self.element:
            if isinstance(child.tag, str):
                yield child.tag, Options(child)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named parameter with its default and description."""

    name: str
    default: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """A database connection as the file names it; texts may hold variables.

    Attributes:
        type: Kettle's id such as MYSQL, POSTGRESQL, H2, GENERIC.
        access: Native, ODBC, JNDI, OCI or Plugin.
        password: as in the file: clear, with variables, or "Encrypted ..."; `files.passwords.reveal` reads it.
        attributes: the code/attribute pairs (PORT_NUMBER, EXTRA_OPTION_..., CUSTOM_URL, SQL_CONNECT, ...).
    """

    name: str
    type: str
    access: str = "Native"
    host: str = ""
    port: str = ""
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    server_name: str = ""
    attributes: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Hop:
    """An arrow between two steps."""

    source: str
    target: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ErrorHandling:
    """Where a step's failing rows go, and the names of the fields that describe the error ("" = not wanted)."""

    source: str
    target: str
    enabled: bool = True
    count_field: str = ""
    description_field: str = ""
    fields_field: str = ""
    codes_field: str = ""
    max_errors: str = ""
    max_percent: str = ""
    min_rows: str = ""


@dataclass(slots=True)
class StepNode:
    """One step of the file: `options` is its XML element, kept whole."""

    name: str
    type: str
    options: Options
    distribute: bool = True
    copies: str = "1"
    error: ErrorHandling | None = None


@dataclass(slots=True)
class Transformation:
    """A .ktr or .hpl file. `steps` keeps the file's order; `document` is the lxml tree the writer works on."""

    name: str
    path: Path | None
    steps: dict[str, StepNode]
    hops: list[Hop]
    parameters: list[Parameter]
    connections: dict[str, Connection]
    info: Options
    document: Any = field(repr=False)
    kind: str = "ktr"


@dataclass(slots=True)
class Entry:
    """One entry of a job. The same name may stand in the file with several copy numbers (`nr`); that is one entry
    drawn several times and each is a node of its own.
    """

    name: str
    type: str
    options: Options
    nr: int = 0
    parallel: bool = False

    @property
    def is_start(self) -> bool:
        """Whether a walk begins here: a SPECIAL entry marked as start, or in Hop any SPECIAL, which has no marks."""
        marked = self.options.has("start") or self.options.has("dummy")
        return self.options.flag("start") or (self.type == "SPECIAL" and not marked)


@dataclass(frozen=True, slots=True)
class JobHop:
    """An arrow between two entries: followed always (`unconditional`), or on the result given by `evaluation`."""

    source: str
    target: str
    source_nr: int = 0
    target_nr: int = 0
    enabled: bool = True
    unconditional: bool = False
    evaluation: bool = True


@dataclass(slots=True)
class Job:
    """A .kjb or .hwf file. `entries` and `hops` keep the file's order, which decides the order of the walk."""

    name: str
    path: Path | None
    entries: list[Entry]
    hops: list[JobHop]
    parameters: list[Parameter]
    connections: dict[str, Connection]
    info: Options
    document: Any = field(repr=False)
    kind: str = "kjb"
