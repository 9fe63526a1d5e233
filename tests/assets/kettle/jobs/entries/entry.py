"""One job entry with its options, run alone."""

from typing import Any

import polars as pl
from lxml import etree

from assets.kettle.engine.result import Result, ResultFile, Rows
from assets.kettle.engine.run import EngineSettings
from assets.kettle.files.new import Settings, element
from assets.kettle.files.variables import Variables
from assets.kettle.jobs.registry import entry_class
from assets.kettle.jobs.run import JobRun
from assets.kettle.model import Connection, Entry, Job, Options
from assets.kettle.values.fields import Field, Layout


def rows(names: str, *values: tuple[str | None, ...]) -> Rows:
    """Result rows of texts; `names` separated by blanks."""
    columns = names.split()
    frame = pl.DataFrame(list(values), schema=dict.fromkeys(columns, pl.String), orient="row")
    return Rows(Layout(Field(name) for name in columns), frame)


def files(*paths: object, kind: str = "GENERAL") -> list[ResultFile]:
    """Result files."""
    return [ResultFile(str(path), kind) for path in paths]


class Ran:
    """An entry of a type with options: plain tags as keywords, groups of fields as lists.

    Attributes:
        result: after `execute`.
        log: the lines.
    """

    def __init__(
        self,
        kind: str,
        options: Settings = (),
        *,
        result: Result | None = None,
        settings: EngineSettings | None = None,
        variables: dict[str, str] | None = None,
        connections: dict[str, Connection] | None = None,
        **tags: Any,
    ) -> None:
        plain = [(tag, str(text)) for tag, text in tags.items()]
        node = element("entry", [("name", "it"), ("type", kind), *plain, *options])
        root = etree.Element("job")
        job = Job("test", None, [], [], [], connections or {}, Options(root), root)
        run = JobRun(job, Variables(values=variables or {}), settings or EngineSettings())
        entry = Entry("it", kind, Options(node))
        self.result = entry_class(kind, "it", "test")(entry, run).execute(result or Result(), 0)
        self.log = "\n".join(run.log_lines)

    @property
    def ok(self) -> bool:
        """The outcome."""
        return self.result.ok

    @property
    def files(self) -> list[str]:
        """The paths of the result files."""
        return [file.path for file in self.result.files]


def fields(*lines: dict[str, object], group: str = "fields", one: str = "field") -> Settings:
    """A table of fields."""
    return [(group, [(one, [(tag, str(value)) for tag, value in line.items()]) for line in lines])]
