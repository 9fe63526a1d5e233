"""Metric records: the list, searched and narrowed down, and one with its SQL, lineage, values and history."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from assets.catalog.metrics.book import MetricBook, Source
from assets.catalog.metrics.model import MetricRecord
from assets.catalog.records import Kept
from assets.catalog.search.model import Hit
from assets.catalog.store.versions import Version
from core.errors import HeddleError
from serving.studio import attributes
from serving.studio.texts import MissingError
from serving.studio.visit import Visit

if TYPE_CHECKING:
    from assets.tables.metrics import Question

PAGE = 50
MOST_VERSIONS = 50
MOST_VALUES = 60  # rows of a preview
FILTERS = ("status", "kind", "dimension", "owner")
T = TypeVar("T")


class Turn(NamedTuple):
    """A version of a record, and what it changed: (field, before, after)."""

    version: Version
    changes: list[tuple[str, str, str]]


def listed(visit: Visit) -> str:
    """The page of `?q=&status=&kind=&dimension=&owner=&page=`."""
    book = visit.studio.metrics
    every = [kept.record for kept in book.all().values()]
    wanted = {name: visit[name] for name in FILTERS}
    found = book.search(visit["q"], **wanted)
    number = visit.number("page", 1)
    choices: dict[str, set[str]] = {
        "status": {str(r.status) for r in every},
        "kind": {str(r.kind) for r in every},
        "dimension": {d for r in every for d in r.dimensions},
        "owner": {r.owner for r in every if r.owner},
    }
    return visit.page(
        "metrics.html",
        visit.say("metrics"),
        found=found[(number - 1) * PAGE : number * PAGE],
        reasons=_reasons(visit),
        total=len(found),
        empty=not every,
        number=number,
        more=len(found) > number * PAGE,
        wanted=wanted,
        choices={name: sorted(values) for name, values in choices.items()},
    )


def page(visit: Visit) -> str:
    """The page of `?name=`; `&values=1&grain=&by=` asks the warehouse for its values."""
    from assets.tables.metrics import GRAINS, Question

    book = visit.studio.metrics
    kept = get(book, visit["name"])
    record = kept.record
    sql, refused = tried(lambda: book.sql(Question((record.name,))), "")
    none: list[Source] = []
    sources, _ = tried(lambda: book.lineage(record.name), none)
    by = visit["by"] if visit["by"] in record.dimensions else ""
    grain = visit.choice("grain", "", *GRAINS)
    question = Question((record.name,), (by,) if by else (), grain, limit=MOST_VALUES)
    asked = visit["values"] == "1" and sql
    values, failed = tried(lambda: _values(visit, book, question), None) if asked else (None, "")
    return visit.page(
        "metric.html",
        record.name,
        kept=kept,
        record=record,
        sql=sql,
        refused=refused,
        sources=sources,
        grains=GRAINS,
        grain=grain,
        by=by,
        values=values,
        failed=failed,
        turns=turns(book.history(record.name)),
        in_graph=bool(visit.studio.lineage.keys(f"metric:{record.name}")),
        known=visit.studio.shelf.listing(),
        attributes=attributes.shown(attributes.defined(visit.studio, "metric"), record.attributes, visit.say),
    )


def get(book: MetricBook, name: str) -> Kept[MetricRecord]:
    """A record. Raises MissingError when there is none."""
    kept = book.all().get(name)
    if kept is None:
        raise MissingError(name)
    return kept


def tried(ask: Callable[[], T], otherwise: T) -> tuple[T, str]:
    """An answer, or the other one and what went wrong."""
    try:
        return ask(), ""
    except HeddleError as error:
        return otherwise, error.what


def turns(history: list[Version]) -> list[Turn]:
    """The versions, the last first, with what each changed."""
    ordered = sorted(history, key=lambda v: v.number)
    before: Mapping[str, Any] = {}
    found = []
    for version in ordered:
        now = version.document or {}
        names = [n for n in dict.fromkeys([*before, *now]) if before.get(n) != now.get(n)]
        changes = [(n, _text(before.get(n)), _text(now.get(n))) for n in names] if before and now else []
        found.append(Turn(version, changes))
        before = now
    return found[::-1][:MOST_VERSIONS]


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _values(visit: Visit, book: MetricBook, question: "Question") -> tuple[list[str], list[list[str]]]:
    """Header and rows of what the warehouse answers."""
    ware = visit.studio.warehouse("metric")
    frame = book.layer(ware.dialect).query(ware, question)
    return frame.columns, [[_shown(v) for v in row] for row in frame.iter_rows()]


def _shown(value: Any) -> str:
    if isinstance(value, float) and abs(value) >= 0.01:
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else _text(value)


def _reasons(visit: Visit) -> Callable[[Hit | None], tuple[str, ...]]:
    return lambda hit: hit.told(visit.say.lang) if hit else ()
