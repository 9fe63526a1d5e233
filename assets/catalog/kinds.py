"""Metrics, dimension tables, standards and code tables as search sees them: each an entry of its own kind.

A file that is wrong is left out here; the commands of its kind name it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel

from assets.catalog.attributes.model import Known, readable, words
from assets.catalog.search.model import Column, Entry
from assets.catalog.standards.model import CODES, CodeTable, Standard
from assets.catalog.standards.model import FOLDER as STANDARDS
from assets.documents import read_good

if TYPE_CHECKING:
    from assets.catalog.dimensions.model import Dimension
    from assets.catalog.metrics.model import MetricRecord
    from assets.catalog.semantics.registry import Registry

KINDS = ("metric", "dimension", "standard", "codes")
MARK = ":"  # between kind and name in the keys of these entries
PEOPLE = {"draft": "草稿", "active": "使用中", "retired": "已停用"}


class Kind(NamedTuple):
    """Where the files of a kind are, what they hold, and how one is an entry."""

    folder: str
    shape: type[BaseModel]
    entry: Callable[..., Entry]


def kinds() -> dict[str, Kind]:
    """Name of a kind -> how it is read."""
    from assets.catalog.dimensions import model as dimensions
    from assets.catalog.metrics import model as metrics

    read = (
        Kind(metrics.FOLDER, metrics.MetricRecord, _metric),
        Kind(dimensions.FOLDER, dimensions.Dimension, _dimension),
        Kind(STANDARDS, Standard, _standard),
        Kind(CODES, CodeTable, _codes),
    )
    return dict(zip(KINDS, read, strict=True))


def records(folder: Path, types: "Registry") -> Iterator[Entry]:
    """The entries of all records in HEDDLE_CATALOG_FILES; their keys are `metric:NAME` and so on."""
    known = readable(folder)
    for kind in kinds().values():
        for record in read_good(folder / kind.folder, kind.shape)[0].values():
            yield _with_attributes(kind.entry(record, types), record, known)


def stamp(folder: Path) -> tuple[float, ...]:
    """Differs when a file of a record was written, added or removed."""
    files = (p for kind in kinds().values() for p in sorted((folder / kind.folder).glob("*.yaml")))
    return tuple(p.stat().st_mtime for p in files if p.exists())


def _with_attributes(entry: Entry, record: BaseModel, known: Known) -> Entry:
    said = tuple(dict.fromkeys(words(known, getattr(record, "attributes", {}))))
    return entry.model_copy(update={"attributes": said}) if said else entry


def _entry(kind: str, record: Any, **more: Any) -> Entry:
    """What the entries of all kinds have, and what this one has besides."""
    said = {"key": f"{kind}{MARK}{record.name}", "kind": kind, "title": record.name.replace("_", " ")}
    return Entry.model_validate(said | {"owner": record.owner} | more)


def _metric(record: "MetricRecord", _: "Registry") -> Entry:
    return _entry(
        "metric",
        record,
        description=record.calibre,
        columns=tuple(Column(name=d) for d in record.dimensions),
        tags=(record.kind, record.status, PEOPLE[record.status]),
        synonyms=_names(record.label.en, record.label.zh, "metric", "指标"),
    )


def _dimension(record: "Dimension", _: "Registry") -> Entry:
    return _entry(
        "dimension",
        record,
        description=record.description,
        source=record.source,
        columns=tuple(
            Column(
                name=c.name,
                comment=c.comment,
                labels=_names(c.label.en, c.label.zh),
                date=c.kind.base in ("date", "timestamp"),
            )
            for c in record.columns
        ),
        synonyms=_names(record.label.en, record.label.zh, "dimension table", "维度表", record.table),
    )


def _standard(record: Standard, types: "Registry") -> Entry:
    meant = types.types.get(record.meaning)
    labels = _names(meant.label.en, meant.label.zh) if meant else ()
    return _entry(
        "standard",
        record,
        description="; ".join(record.evidence),
        columns=tuple(Column(name=c) for c in dict.fromkeys(p.column for p in record.columns)),
        tags=(record.status,),
        owner=record.owner or record.by,
        synonyms=(*_names(*record.label.values()), *labels, "standard", "数据标准"),
        related=tuple(dict.fromkeys(p.asset for p in record.columns)),
    )


def _codes(record: CodeTable, types: "Registry") -> Entry:
    meant = [types.types[m].label for m in record.meanings if m in types.types]
    values = dict.fromkeys(v for c in record.codes for v in (c.code, c.en, c.zh, *c.aliases) if v)
    return _entry(
        "codes",
        record,
        description=record.source,
        columns=(Column(name="code", labels=("code", "代码"), values=tuple(values)),),
        synonyms=(
            *_names(*record.label.values()),
            *(n for label in meant for n in _names(label.en, label.zh)),
            "code table",
            "代码表",
        ),
    )


def _names(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for n in names if n))
