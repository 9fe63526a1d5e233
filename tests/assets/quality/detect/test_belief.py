"""What a confidence is worth: exceptions of a rule are doubted, errors that look like errors are not."""

import string

import numpy as np
import polars as pl
import pytest

from assets.quality.detect.belief import rated
from assets.quality.detect.coded import encode
from assets.quality.detect.context import Context
from assets.quality.detect.detectors.repairs import find as proposals
from assets.quality.detect.find import find
from assets.quality.detect.model import Finding
from assets.quality.repair.model import Repair, Repairs


def groups(rows: int = 600, seed: int = 5) -> dict[str, list[str]]:
    """A part decides its shelf, and a shelf has several parts; the part decides its maker too."""
    random = np.random.default_rng(seed)
    parts = random.integers(0, 60, rows)
    return {
        "part": [f"p{n:02d}" for n in parts],
        "shelf": [f"{string.ascii_uppercase[n % 7]}-{(n % 7) * 31 + 100}" for n in parts],
        "maker": [f"maker {string.ascii_lowercase[n % 11] * 3}" for n in parts],
    }


def repairing(table: dict[str, list[str]], column: str, least: float = 0.0) -> list[Finding]:
    """Findings that would change a column."""
    found = find(pl.DataFrame(table), "raw/a/b")
    return [
        f
        for f in found
        if f.rule.action == "repair" and f.rule.confidence >= least and column in f.cells["column"].to_list()
    ]


def test_one_value_of_others_against_few_rows_is_told_and_not_changed() -> None:
    table = groups()
    table["part"] = [f"p{n // 4:03d}" for n in range(600)]
    table["shelf"] = [f"{string.ascii_uppercase[n // 4 % 7]}-{n // 4 % 7 * 31 + 100}" for n in range(600)]
    table["shelf"][8] = table["shelf"][0]
    assert not repairing(table, "shelf")
    told = [f for f in find(pl.DataFrame(table), "raw/a/b") if f.rule.columns == ("part", "shelf")]
    assert [(f.rule.action, f.rule.confidence < 0.5, f.cells["row"].to_list()) for f in told] == [("report", True, [8])]


def test_the_same_error_in_many_groups_is_sure_where_two_columns_tell() -> None:
    table, random = groups(), np.random.default_rng(9)
    table["bin"] = [f"bin {p[1:]}" for p in table["part"]]
    rows = random.choice(600, 15, replace=False).tolist()
    right = {row: table["maker"][row] for row in rows}
    for row in rows:
        table["maker"][row] = table["maker"][(row + 1) % 600]
    wrong = {row for row in rows if table["maker"][row] != right[row]}
    (found,) = repairing(table, "maker", 0.9)
    assert set(found.cells["row"].to_list()) == wrong
    assert all(c["after"] == right[c["row"]] for c in found.cells.iter_rows(named=True))


def test_misspellings_are_sure_by_their_look() -> None:
    table = groups()
    for row in (3, 200, 411):
        table["maker"][row] = table["maker"][row].replace("maker", ("mkaer", "maxer", "makr")[row % 3])
    found = repairing(table, "maker", 0.9)
    assert {r for f in found for r in f.cells["row"].to_list()} == {3, 200, 411}


def test_either_of_two_columns_that_decide_each_other_may_be_wrong() -> None:
    random = np.random.default_rng(3)
    numbers = random.integers(0, 12, 500)
    table = {"id": [str(700 + 13 * n) for n in numbers], "name": [f"{chr(97 + n) * 4} list" for n in numbers]}
    for row in random.choice(500, 12, replace=False).tolist():
        table["id"][row] = str(700 + 13 * ((int(numbers[row]) + 5) % 12))
    found = [f for name in table for f in repairing(table, name)]
    assert found
    assert max(f.rule.confidence for f in found) < 0.85


def test_holes_that_a_column_has_anyway_are_not_losses() -> None:
    table, random = groups(), np.random.default_rng(4)
    few = [v if random.random() > 0.02 else "" for v in table["shelf"]]
    assert repairing(table | {"shelf": few}, "shelf", 0.9)
    half = [v if random.random() > 0.5 else "" for v in table["shelf"]]
    assert not repairing(table | {"shelf": half}, "shelf", 0.7)


def test_evidence_names_each_deciding_column_once() -> None:
    table, random = groups(), np.random.default_rng(9)
    table["bin"] = [f"bin {p[1:]}" for p in table["part"]]
    for row in random.choice(600, 15, replace=False).tolist():
        table["maker"][row] = table["maker"][(row + 1) % 600]
    found = [f for f in find(pl.DataFrame(table), "raw/a/b") if f.rule.columns[-1] == "maker"]
    assert found
    for one in found:
        start, names = one.rule.evidence.split(" follows from ")
        assert start == "maker"
        assert len(set(names.split(", "))) == len(names.split(", "))


def test_a_few_words_that_are_alike_may_be_names() -> None:
    random = np.random.default_rng(1)
    given = ["Steve", "Chris", "Eric", "Paulo", "Harry", "Janet"]
    family = ["".join(random.choice(list("aeioulmnrst"), 6)).title() for _ in range(300)]
    names = [f"{given[int(random.integers(6))]} {family[int(random.integers(300))]}" for _ in range(500)]
    table = {"no": [str(n) for n in range(500)], "artist": names}
    for row, name in ((5, "Stevie Nomil"), (70, "Erica Tromal"), (300, "Larry Masterol")):
        names[row] = name
    assert max((f.rule.confidence for f in repairing(table, "artist")), default=0.0) < 0.7
    one = Repair(5, "artist", "Stevie Nomil", "Steve Nomil", 0.75, "word")
    assert rated([one], 500) < [0.6]
    assert rated([one] * 20, 500) == pytest.approx([0.75] * 20)


@pytest.mark.parametrize(("rows", "maps"), [((4,), 0), ((4, 9), 1)])
def test_a_map_of_values_says_only_what_holds_for_all_cells_of_a_text(rows: tuple[int, ...], maps: int) -> None:
    towns = ["Altona"] * 20
    towns[4] = towns[9] = "Altonaa"
    frame = pl.DataFrame({"town": towns})
    made = [Repair(row, "town", "Altonaa", "Altona", 0.9, "typo", "it is close to Altona") for row in rows]
    repairs = Repairs([encode(frame["town"])], cells={("town", r.row): r for r in made})
    assert len(list(proposals(Context(frame, "raw/a/b", np.arange(20), repairs)))) == maps
