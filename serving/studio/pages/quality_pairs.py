"""Pairs of records that linkage is unsure of, side by side, for a person to say whether they are the same thing."""

from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import RedirectResponse

from assets.quality.linkage.labels import Label, judge, labels_path, read_labels, state
from assets.quality.linkage.model import Golden, read_golden
from assets.quality.linkage.review import Pair, Record, declarations, row, unsure
from core.errors import ConflictError, HeddleError
from core.hashing import digest
from resources.open import warehouse
from serving.studio import rulebook
from serving.studio.forms import Form
from serving.studio.pages.metric import tried
from serving.studio.texts import MissingError
from serving.studio.visit import Visit, link

if TYPE_CHECKING:
    import polars as pl
    from starlette.responses import Response

WIDE = 200  # characters of a value
SAID = 10  # judged pairs that are listed
Part = tuple[str, bool]  # some text, and whether the other record has it otherwise


class Listed(NamedTuple):
    """A golden table in the list: what is declared, or why that cannot be read."""

    name: str
    golden: Golden | None
    problem: str


class Cell(NamedTuple):
    """A value as the reader may see it; `hidden`: it is not the value itself."""

    text: str | None
    hidden: bool


class Line(NamedTuple):
    """A column of both records; `compared`: linkage looks at it; `differs` is told of values that are shown alone."""

    column: str
    compared: bool
    left: list[Part] | None
    right: list[Part] | None
    differs: bool


class Side(NamedTuple):
    """A record: its table, its identifier there, and its cells by common names; None where it is not to be seen."""

    table: str
    id: Cell
    cells: dict[str, Cell] | None


def listed(visit: Visit) -> list[Listed]:
    """Golden tables whose sources the reader may see."""
    sees = visit.studio.shelf.listing().sees
    found = []
    for name, path in declarations(visit.studio.settings.quality).items():
        golden, problem = tried(lambda path=path: read_golden(path), None)  # type: ignore[misc]
        if golden is None or all(sees(s.table) for s in golden.sources):
            found.append(Listed(name, golden, problem))
    return found


def page(visit: Visit) -> "str | Response":
    """The page of `?name=&pair=`; without a pair the way to the first one after the rank `after` that nobody judged.

    So the address names what it shows: who comes back to it by Back sees the pair that they judged.
    """
    golden, path = _known(visit, visit["name"])
    pairs = unsure(golden, warehouse(visit.studio.settings))
    labels = {label.pair: label for label in read_labels(labels_path(path))}
    chosen = _chosen(visit, pairs or [], labels)
    if chosen and not visit["pair"]:
        return RedirectResponse(visit.here(pair=chosen.rank, after=""), 303)
    sides = [_side(visit, golden, record) for record in (chosen.left, chosen.right)] if chosen else []
    judged = [(p, labels[p.keys]) for p in pairs or () if p.keys in labels]
    return visit.page(
        "quality_pairs.html",
        visit.say("pairs"),
        name=visit["name"],
        golden=golden,
        pairs=pairs,
        chosen=chosen,
        label=labels.get(chosen.keys) if chosen else None,
        mark=_mark(pairs or [], labels.get(chosen.keys)) if chosen else "",
        sides=sides,
        lines=_lines(golden, *sides) if sides else [],
        judged=sorted(judged, key=lambda item: item[1].at, reverse=True)[:SAID],
        left=len(pairs or ()) - len(judged),
    )


def act(visit: Visit, form: Form) -> str:
    """Keeps what the reader says of a pair, as `heddle fuse review` does; returns the page of the next one.

    Raises:
        ConflictError: somebody else judged it, or linkage ran again, since the page was made.
    """
    name, studio = form.get("name", ""), visit.studio
    golden, path = _known(visit, name)
    pairs = unsure(golden, warehouse(studio.settings)) or []
    pair = next((p for p in pairs if str(p.rank) == form.get("pair")), None)
    if pair is None:
        raise ConflictError("there is no such pair any more: linkage ran again", "open the page again")
    if form.get("answer") == "skip":
        return link("/quality/pairs", name=name, after=pair.rank)
    if form.get("answer") not in ("same", "different"):
        raise HeddleError("the form says neither same nor different", "open the page again")
    file = labels_path(path)
    label = next((k for k in read_labels(file) if k.pair == pair.keys), None)
    if form.get("mark") != _mark(pairs, label):
        raise ConflictError("somebody else judged this pair meanwhile, or linkage ran again", "look at it again")
    if any(_side(visit, golden, record).cells is None for record in (pair.left, pair.right)):
        raise HeddleError("a record of this pair is not there, or not for you to see", "skip it")
    judge(file, *pair.keys, form["answer"] == "same", studio.who, expected=state(label))
    return link("/quality/pairs", name=name, after=pair.rank)


def _known(visit: Visit, name: str) -> tuple[Golden, Path]:
    path = declarations(visit.studio.settings.quality).get(name)
    if path is None:
        raise MissingError(name)
    golden = read_golden(path)
    if not all(visit.studio.shelf.listing().sees(s.table) for s in golden.sources):
        raise MissingError(name)
    return golden, path


def _chosen(visit: Visit, pairs: list[Pair], labels: dict[tuple[str, str], Label]) -> Pair | None:
    if visit["pair"]:
        found = next((p for p in pairs if str(p.rank) == visit["pair"]), None)
        if found is None:
            raise MissingError("")
        return found
    open_ = [p for p in pairs if p.keys not in labels]
    after = visit.number("after", 1) if visit["after"] else 0
    return next((p for p in open_ if p.rank > after), open_[0] if open_ else None)


def _mark(pairs: list[Pair], label: Label | None) -> str:
    """Tells one list of pairs, and one word on the pair, from others."""
    return digest([*(key for p in pairs for key in p.keys), state(label)])


def _side(visit: Visit, golden: Golden, record: Record) -> Side:
    """The record as the reader may see it by the access policy; where that is silent, without tagged columns."""
    studio = visit.studio
    source = next((s for s in golden.sources if s.table == record.source), None)
    if source is None:  # the declaration names other sources by now
        return Side(record.source, Cell(None, True), None)
    found = row(source, record.id, warehouse(studio.settings))
    access = studio.access("pairs")
    _, decision = access.decided((source.table,), [(name, str(kind)) for name, kind in found.schema.items()])
    shown = access.restrict_by(decision, found)
    hidden = set[str]() if decision.covered else rulebook.guarded(studio, source.table)
    if not len(shown):
        return Side(source.table, Cell(None, True), None)
    cells = {c: _cell(found, shown, c, c in hidden) for c in found.columns}
    named = {source.rename.get(c, c): cell for c, cell in cells.items() if c != source.id}
    return Side(source.table, cells[source.id], named)


def _cell(found: "pl.DataFrame", shown: "pl.DataFrame", column: str, hidden: bool) -> Cell:
    if hidden or column not in shown.columns:
        return Cell(rulebook.HIDDEN, True)
    value, given = found[column][0], shown[column][0]
    text = None if given is None else str(given)
    short = text if text is None or len(text) <= WIDE else text[:WIDE] + "…"
    return Cell(short, value is not None and str(value) != text)


def _lines(golden: Golden, left: Side, right: Side) -> list[Line]:
    names = dict.fromkeys([*golden.compare, *(left.cells or ()), *(right.cells or ())])
    none = Cell(None, False)
    return [
        _line(n, n in golden.compare, (left.cells or {}).get(n, none), (right.cells or {}).get(n, none)) for n in names
    ]


def _line(column: str, compared: bool, left: Cell, right: Cell) -> Line:
    if left.hidden or right.hidden or left.text is None or right.text is None:
        a, b = (None if c.text is None else [(c.text, False)] for c in (left, right))
        return Line(column, compared, a, b, False)
    codes = SequenceMatcher(None, left.text, right.text, autojunk=False).get_opcodes()
    a = [(left.text[i:j], what != "equal") for what, i, j, _, _ in codes if j > i]
    b = [(right.text[i:j], what != "equal") for what, _, _, i, j in codes if j > i]
    return Line(column, compared, a, b, left.text != right.text)
