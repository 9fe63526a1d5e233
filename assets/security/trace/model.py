"""What the trace is made of, as plain values."""

from dataclasses import asdict, dataclass, field
from typing import Any

OUTSIDE = "outside the platform"
BASELINE, CHANGE, ERASURE = "baseline", "change", "erasure"  # kinds of entries


@dataclass(frozen=True)
class Traced:
    """A table that is traced.

    Attributes:
        name: asset key, or SOURCE/TABLE.
        key: columns that identify a row; empty: the whole row does, and changes are a removal and an addition.
        source: of sources.yaml; "" for the warehouse.
        table: path of the table in it; "" for the asset's own table.
        dimension: whose log of edits explains changes, "" for none.
    """

    name: str
    key: tuple[str, ...] = ()
    source: str = ""
    table: str = ""
    dimension: str = ""

    @property
    def assets(self) -> tuple[str, ...]:
        """Keys under which Dagster may know it: a source's table that a Kettle file writes is one of layer `table`."""
        layer, _, rest = self.name.partition("/")
        other = {"raw": "table", "table": "raw"}.get(layer) if self.source else None
        return (self.name, f"{other}/{rest}") if other else (self.name,)


@dataclass(frozen=True)
class Cause:
    """What explains a change; empty texts where there is no such thing.

    Attributes:
        run, step: Dagster's run id, and the op or the Kettle step that wrote.
        user: who started the run or made the edit.
        via: how: run, studio, api, cli, erasure.
        action: of an edit.
        rules: rules of cleaning, imputation or masking that made the table what it is, with the cells they changed.
    """

    run: str = ""
    step: str = ""
    user: str = ""
    via: str = "run"
    action: str = ""
    rules: tuple[tuple[str, int], ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON, without what is empty."""
        said = {k: v for k, v in asdict(self).items() if v}
        return said | ({"rules": dict(self.rules)} if self.rules else {})


@dataclass(frozen=True)
class Counts:
    """Rows of a change."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.added + self.changed + self.removed


@dataclass(frozen=True)
class Entry:
    """One link of the chain; `document` is everything but its own hash."""

    number: int
    hash: str
    document: dict[str, Any] = field(repr=False)

    @property
    def table(self) -> str:
        """The table it is about, "" for none."""
        return str(self.document.get("table", ""))

    @property
    def causes(self) -> list[dict[str, Any]]:
        """What explains it; none: outside the platform."""
        found: list[dict[str, Any]] = self.document.get("causes", [])
        return found
