"""Trains the classifier of columns on a team's labelled columns, measures it on columns kept aside, keeps versions."""

import csv
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from assets.catalog.semantics import learned, learned_store
from assets.catalog.semantics.classify import Model
from assets.catalog.semantics.learned_features import VALUES, Column
from assets.catalog.semantics.registry import Registry
from core.errors import ModelError, SourceError

FOLDER = "meaning_models"  # under HEDDLE_HOME: 0001, 0002, …; the highest number counts
NAMED = re.compile(r"^\d{4,}$")
HEADERS = ("table", "column", "value", "type")
SHARE = 5  # one column in so many of each type is kept aside
SEED = 7
MOST_BYTES = 256 << 20
TYPE = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


class Labelled(NamedTuple):
    """Columns with their types, one label for each."""

    columns: list[Column]
    labels: list[str]


class Report(NamedTuple):
    """What training gave.

    Attributes:
        accuracy: on columns kept aside, None where no type has enough columns.
        of_types: type -> (right, kept aside).
        few: types of which no column could be kept aside.
    """

    version: int
    trained: int
    held_out: int
    accuracy: float | None
    of_types: dict[str, tuple[int, int]]
    few: tuple[str, ...]


def read(path: Path) -> Labelled:
    """Labelled columns from a CSV file with the columns table, column, value, type: one row for each value.

    Raises:
        SourceError: a header is missing, a type is no name, or a column has two types; names file and line.
    """
    if path.stat().st_size > MOST_BYTES:
        raise SourceError(f"{path} is larger than {MOST_BYTES >> 20} MiB", "give some hundred values for each column")
    values: dict[tuple[str, str], list[str]] = defaultdict(list)
    types: dict[tuple[str, str], str] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            _rows(path, csv.DictReader(file, strict=True), values, types)
        except (csv.Error, UnicodeDecodeError) as error:
            raise SourceError(f"{path} is no CSV in UTF-8: {error}", "save it as CSV in UTF-8") from None
    columns = [Column(tuple(dict.fromkeys(found))[:VALUES], table) for (table, _), found in values.items()]
    return Labelled(columns, [types[place] for place in values])


def _rows(
    path: Path,
    reader: "csv.DictReader[str]",
    values: dict[tuple[str, str], list[str]],
    types: dict[tuple[str, str], str],
) -> None:
    missing = [h for h in HEADERS if h not in (reader.fieldnames or ())]
    if missing:
        raise SourceError(f"{path}: no column {missing[0]!r} in its first line", f"write {','.join(HEADERS)}")
    for row in reader:
        place, said = ((row["table"] or ""), (row["column"] or "")), (row["type"] or "").strip()
        where = f"{path}, line {reader.line_num}"
        if not TYPE.match(said):
            raise SourceError(f"{where}, type: {said[:60]!r} is no name of a type", "write it as `crop_variety`")
        if types.setdefault(place, said) != said:
            raise SourceError(f"{where}: {place[0]}.{place[1]} is {types[place]} and {said}", "give it one type")
        if value := (row["value"] or "").strip():
            values[place].append(value)


def train(labelled: Labelled, folder: Path, types: Registry) -> Report:
    """Measures on one fifth of the columns of each type, then trains on all and keeps that as the next version.

    A version appears by one rename: kill it at any point, and the former one counts.

    Raises:
        ModelError: there are columns of fewer than two types.
    """
    if len(set(labelled.labels)) < 2:
        raise ModelError("there are columns of fewer than two types", "label more columns before training")
    aside = _aside(labelled)
    right: Counter[str] = Counter()
    asked = Counter(labelled.labels[i] for i in aside)
    if aside:
        kept = [i for i in range(len(labelled.labels)) if i not in aside]
        model = learned.train([labelled.columns[i] for i in kept], [labelled.labels[i] for i in kept], types=types)
        order = sorted(aside)
        said = model.predict([labelled.columns[i] for i in order], types=types)
        right.update(labelled.labels[i] for i, p in zip(order, said, strict=True) if p.type == labelled.labels[i])
    whole = learned.train(labelled.columns, labelled.labels, types=types)
    version = _next(folder)
    place = folder / f"{version:04d}"
    learned_store.save(whole, place)
    of_types = {t: (right[t], n) for t, n in sorted(asked.items())}
    accuracy = right.total() / len(aside) if aside else None
    report = Report(version, len(labelled.labels), len(aside), accuracy, of_types, _few(labelled, asked))
    (place / "report.json").write_text(json.dumps(report._asdict(), ensure_ascii=False, indent=1), encoding="utf-8")
    return report


def latest(folder: Path) -> Model | None:
    """The last version that was trained, None where there is none. Raises ModelError when it is damaged."""
    known = _versions(folder)
    return Model(learned_store.load(folder / f"{known[-1]:04d}")) if known else None


def _aside(labelled: Labelled) -> set[int]:
    """Columns that are kept aside: a fifth of each type, at least one, and at least two stay to learn from."""
    by_type: dict[str, list[int]] = defaultdict(list)
    for i, label in enumerate(labelled.labels):
        by_type[label].append(i)
    chance = random.Random(SEED)  # noqa: S311 - no secret
    found: set[int] = set()
    for _, places in sorted(by_type.items()):
        if len(places) > 2:
            found |= set(chance.sample(places, max(1, len(places) // SHARE)))
    return found


def _few(labelled: Labelled, asked: "Counter[str]") -> tuple[str, ...]:
    return tuple(sorted(set(labelled.labels) - asked.keys()))


def _versions(folder: Path) -> Sequence[int]:
    if not folder.is_dir():
        return []
    return sorted(int(p.name) for p in folder.iterdir() if NAMED.match(p.name) and (p / "model.json").exists())


def _next(folder: Path) -> int:
    known = _versions(folder)
    return known[-1] + 1 if known else 1
