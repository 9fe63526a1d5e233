"""Dimension tables: the list, and the rows of one, a page at a time and searched."""

from assets.catalog.dimensions.model import Dimension
from assets.catalog.dimensions.table import DimensionRow
from assets.catalog.records import Kept
from core.errors import HeddleError
from serving.studio import attributes
from serving.studio.pages.metric import tried, turns
from serving.studio.texts import MissingError
from serving.studio.visit import Visit, link

PAGE = 50
MOST_LOG = 50


def listed(visit: Visit) -> str:
    """The page of `?q=`."""
    every = visit.studio.dimensions.records.all()
    words = visit["q"].lower().split()
    found = [kept for kept in every.values() if all(w in _text(kept.record) for w in words)]
    return visit.page("dimensions.html", visit.say("dimension_tables"), found=found, empty=not every)


def page(visit: Visit) -> str:
    """The page of `?name=&q=&page=`: rows, and what was done to them."""
    book = visit.studio.dimensions
    kept = get(visit, visit["name"])
    number = visit.number("page", 1, 10**5)
    rows: list[DimensionRow] = []
    total, refused = 0, ""
    try:
        with book.table(kept.record.name) as table:
            total = table.count(visit["q"])
            rows = table.rows(PAGE, (number - 1) * PAGE, visit["q"])
    except HeddleError as error:
        refused = error.what
    dialect, _ = tried(lambda: book.dialect(kept.record), "")
    return visit.page(
        "dimension.html",
        kept.record.name,
        kept=kept,
        dimension=kept.record,
        dialect=dialect,
        rows=rows,
        at=lambda row: key_link("/dimension/row", kept.record, row),
        gone=lambda row: key_link("/dimension/remove", kept.record, row),
        total=total,
        refused=refused,
        number=number,
        more=total > number * PAGE,
        log=book.log(kept.record.name)[::-1][:MOST_LOG],
        turns=turns(book.records.history(kept.record.name)),
        attributes=attributes.shown(attributes.defined(visit.studio, "dimension"), kept.record.attributes, visit.say),
    )


def get(visit: Visit, name: str) -> Kept[Dimension]:
    """A dimension. Raises MissingError when there is none."""
    kept = visit.studio.dimensions.records.all().get(name)
    if kept is None:
        raise MissingError(name)
    return kept


def key_link(path: str, dimension: Dimension, row: DimensionRow) -> str:
    """An address about one row."""
    return link(path, name=dimension.name, **{f"k.{k}": row.values[k] or "" for k in dimension.key})


def _text(dimension: Dimension) -> str:
    parts = (dimension.name, dimension.label.en, dimension.label.zh, dimension.description, dimension.table)
    columns = (t for c in dimension.columns for t in (c.name, c.label.en, c.label.zh))
    return " ".join((*parts, dimension.source, dimension.owner, *columns)).lower()
