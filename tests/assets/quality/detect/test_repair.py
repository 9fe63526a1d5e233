"""Planted errors in cells with known answers."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.quality.detect.coded import recode
from assets.quality.detect.dependencies import dependencies
from assets.quality.repair.channel import Channel
from assets.quality.repair.known import learn
from assets.quality.repair.review import ask
from assets.quality.repair.table import repair
from tests.assets.quality.detect.tables import Table, frame, shops, spoilt

CLEAN = shops()


def fixed(made: pl.DataFrame) -> dict[tuple[str, int], str | None]:
    """Cell -> repaired text."""
    return {cell: r.after for cell, r in repair(made).cells.items() if r.confidence >= 0.5}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.data())
def test_planted_typos_and_holes_are_repaired(data: st.DataObject) -> None:
    row = data.draw(st.integers(0, 399))
    name = data.draw(st.sampled_from(["town", "land", "phone", "price"]))
    right = CLEAN[name][row]
    at = data.draw(st.integers(0, len(right) - 1))
    wrong = data.draw(st.sampled_from(["", right[:at] + "#" + right[at + 1 :], right[:at] + right[at + 1 :]]))
    assert fixed(spoilt(CLEAN, {(name, row): wrong})) == {(name, row): right}


def test_many_errors_at_once() -> None:
    random = np.random.default_rng(5)
    cells = {}
    for name in ("town", "phone", "article", "shop"):
        for row in random.choice(400, 12, replace=False).tolist():
            text = CLEAN[name][row]
            at = int(random.integers(len(text)))
            cells[name, row] = text[:at] + "x" + text[at + 1 :] if text[at] != "x" else text[1:]
    found = fixed(spoilt(CLEAN, cells))
    right = sum(CLEAN[name][row] == found.get((name, row)) for name, row in cells)
    assert right >= 0.95 * len(cells)
    assert not set(found) - set(cells)


def test_a_value_of_another_group_is_told_by_several_dependencies() -> None:
    row = 7
    other = next(t for t in CLEAN["town"] if t != CLEAN["town"][row])
    assert fixed(spoilt(CLEAN, {("town", row): other})) == {("town", row): CLEAN["town"][row]}


def test_a_clean_table_stays() -> None:
    assert fixed(frame(CLEAN)) == {}


def test_majority_under_many_errors() -> None:
    random = np.random.default_rng(3)
    flights = [f"XY {n}" for n in range(40)]
    truth = {f: f"{random.integers(1, 12)}:{random.integers(10, 60)}" for f in flights}
    names = [flights[n] for n in random.integers(0, 40, 1200)]
    clean = [truth[f] for f in names]
    wrong = random.random(1200) < 0.3
    dirty = [
        f"{random.integers(1, 12)}:{random.integers(10, 60)}" if w else c for c, w in zip(clean, wrong, strict=True)
    ]
    errors = {row for row in range(1200) if dirty[row] != clean[row]}
    found = fixed(frame({"flight": names, "left": dirty}))
    assert len(errors) > 300
    assert sum(found.get(("left", row)) == clean[row] for row in errors) > 0.9 * len(errors)
    assert len(set(found) - {("left", row) for row in errors}) < 5


def test_cells_run_together_are_parted() -> None:
    table: Table = {
        "town": ["Bend", "Gary", "Reno", "Bend OR", "Gary IN", "Reno NV", "Bend"] * 4,
        "land": ["OR", "IN", "NV", "", "", "", "OR"] * 4,
    }
    found = fixed(frame(table))
    assert found["town", 3] == "Bend"
    assert found["land", 3] == "OR"
    assert len(found) == 24


def test_misspelt_words_where_values_are_unique() -> None:
    values = [f"{n} patients" for n in range(10, 300)] + ["301 pxtients", "302 patents"]
    found = fixed(frame({"sample": values}))
    assert found == {("sample", 290): "301 patients", ("sample", 291): "302 patients"}


def test_odd_shapes_are_told_without_a_repair() -> None:
    found = fixed(frame({"phone": [f"{n}" for n in range(2050000000, 2050000200)] + ["20x000z000"]}))
    assert found == {("phone", 200): None}


def test_the_channel_learns_what_errors_look_like() -> None:
    plain = Channel()
    taught = plain.learn([("hosxital", "hospital"), ("xity", "city"), ("coxnty", "county")])
    assert taught.log("pxtient", "patient") > plain.log("pxtient", "patient")
    assert taught.log("pktient", "patient") < taught.log("pxtient", "patient")
    assert taught.boost("pxtient", "patient") > 2


def test_ranking_puts_true_dependencies_before_chance() -> None:
    table = shops(600, seed=4)
    columns = [recode(name, values) for name, values in table.items()]
    names = list(table)
    found = {(tuple(names[g] for g in s.given), names[s.then]): s.strength for s in dependencies(columns)}
    assert found[("shop",), "town"] == 1.0
    assert found[("article",), "price"] == 1.0
    assert (("article",), "town") not in found
    assert not any("order" in given for given, _ in found)


def test_labels_settle_their_cells_and_teach_changes() -> None:
    table = {"code": [f"{n % 37:03d}/{n % 7}" for n in range(300)], "name": [CLEAN["article"][n] for n in range(300)]}
    clean = {"code": [c.replace("/", "-") for c in table["code"]], "name": list(table["name"])}
    first = repair(frame(table))
    rows = ask(first, 5)
    assert len(set(rows)) == 5
    labels = {row: {name: clean[name][row] for name in clean} for row in rows}
    made = repair(frame(table), learn(first, labels))
    right = sum(
        made.cells["code", row].after == clean["code"][row] for row in range(300) if ("code", row) in made.cells
    )
    assert right == 300
    assert not any(column == "name" for column, _ in made.cells)


def test_a_refuted_detector_is_not_asked_again() -> None:
    table = {"state": ["N/A", "open", "shut", "busy"] * 25, "n": [str(i) for i in range(100)]}
    first = repair(frame(table))
    assert ("state", 0) in first.cells
    known = learn(first, {0: {"state": "N/A"}, 4: {"state": "N/A"}})
    assert not repair(frame(table), known).cells


def test_rows_already_labelled_are_not_asked_for() -> None:
    made = repair(spoilt(CLEAN, {("phone", 3): "040-x", ("phone", 9): "zz"}))
    first = ask(made, 3)
    assert not set(first) & set(ask(made, 10, first))
    assert len(ask(made, 1000, first)) == 397
