"""Transforms found: on rows of the same key, by names and values, and by values alone; ambiguity is shown."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from assets.quality.mapping.match import scores
from assets.quality.mapping.model import Mapping_
from assets.quality.mapping.suggest import suggest
from core.errors import SourceError
from tests.assets.quality.mapping.made import tables

ROWS = {
    "customer_number": ("normalise", ("cust_no",)),
    "gender": ("codes", ("xb",)),
    "full_name": ("merge", ("first_name", "last_name")),
    "birth_date": ("date", ("birth",)),
    "weight_g": ("unit", ("weight_kg",)),
    "amount": ("cast", ("amount",)),
    "total": ("arithmetic", ("unit_price", "qty")),
    "telephone": ("merge", ("area_code", "phone")),
    "seen_date": ("date", ("seen",)),
    "seen_time": ("split", ("seen",)),
    "province": ("extract", ("addr",)),
    "email": ("normalise", ("mail",)),
    "is_active": ("cast", ("active",)),
    "country": ("constant", ()),
    "fax": ("constant", ()),
}


def found(mapping: Mapping_) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {f.target: (f.transform, f.sources) for f in mapping.fields}


def params(mapping: Mapping_, target: str) -> dict[str, Any]:
    return next(f.params for f in mapping.fields if f.target == target)


@pytest.mark.parametrize("opaque", [False, True])
def test_rows_of_the_same_key_show_every_transform_whatever_the_names(opaque: bool) -> None:
    source, target = tables(opaque=opaque)
    names = dict(zip(tables()[0].columns, source.columns, strict=True))
    made = suggest("m", ("old", source), ("new", target.sample(fraction=1, shuffle=True, seed=3)))
    assert made.key == (names["cust_no"], "customer_number")
    assert found(made) == {t: (how, tuple(names[s] for s in by)) for t, (how, by) in ROWS.items()}
    assert params(made, "gender")["values"] == {"1": "男", "2": "女"}
    assert params(made, "weight_g")["factor"] == 1000.0
    assert params(made, "birth_date") == {"source": "%d/%m/%Y"}
    assert params(made, "telephone") == {"separator": "-"}
    assert params(made, "country") == {"value": "CN"} and params(made, "fax") == {}
    assert min(f.confidence for f in made.fields if f.transform != "constant") > 0.8


def test_without_common_rows_names_and_values_decide() -> None:
    made = suggest("m", ("old", tables()[0]), ("new", tables(seed=2)[1]))
    assert made.key is None
    right = {t for t, choice in found(made).items() if choice == ROWS[t]}
    assert right >= {"gender", "full_name", "birth_date", "weight_g", "amount", "seen_date", "province", "email"}
    assert params(made, "gender")["of"].startswith("gender")
    assert "xb" not in made.spare


def test_opaque_names_without_common_rows() -> None:
    source = tables(opaque=True)[0]
    made = found(suggest("m", ("old", source), ("new", tables(seed=2)[1].drop("customer_number"))))
    assert made["gender"] == ("codes", ("F01",)) and made["birth_date"] == ("date", ("F04",))
    assert made["full_name"] == ("merge", ("F02", "F03")) and made["weight_g"] == ("unit", ("F05",))


@pytest.mark.parametrize(
    ("ours", "theirs", "pairs"),
    [
        (["M", "F", "M"], ["男", "女", "男"], {"F": "女", "M": "男"}),
        ([1, 2, 9], ["male", "female", "not specified"], {"1": "male", "2": "female", "9": "not specified"}),
        (["是", "否", "是"], ["Y", "N", "Y"], {"否": "N", "是": "Y"}),
        (["44", "33", "11"], ["广东", "浙江", "北京"], {"11": "北京", "33": "浙江", "44": "广东"}),
        (["10", "20", "40"], ["未婚", "已婚", "离婚"], {"10": "未婚", "20": "已婚", "40": "离婚"}),
    ],
)
def test_codes_and_meanings_of_standard_tables(ours: list[Any], theirs: list[str], pairs: dict[str, str]) -> None:
    source = pl.DataFrame({"code": ours * 10, "z": range(30)})
    target = pl.DataFrame({"meaning": list(reversed(theirs)) * 10})
    made = suggest("m", ("s", source), ("t", target))
    assert params(made, "meaning")["values"] == pairs


def test_shares_of_values_are_only_a_guess() -> None:
    source = pl.DataFrame({"state": ["a"] * 70 + ["b"] * 20 + ["c"] * 10})
    target = pl.DataFrame({"state_name": ["open"] * 71 + ["closed"] * 19 + ["lost"] * 10})
    (field,) = suggest("m", ("s", source), ("t", target)).fields
    choices = [field, *field.alternatives]
    guess = next(c for c in choices if c.transform == "codes")
    assert guess.params["values"] == {"a": "open", "b": "closed", "c": "lost"} and guess.confidence <= 0.55
    assert "shares" in guess.evidence


def test_a_date_that_can_be_read_in_two_ways_shows_both() -> None:
    days = [f"{d:02d}/{m:02d}/2024" for d in range(1, 13) for m in range(1, 13)]
    source = pl.DataFrame({"day": days})
    target = pl.DataFrame({"day": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 12, 28), eager=True)})
    (field,) = suggest("m", ("s", source), ("t", target)).fields
    formats = {c.params.get("source") for c in [field, *field.alternatives] if c.transform == "date"}
    assert formats >= {"%d/%m/%Y", "%m/%d/%Y"}


def test_wrong_keys_are_refused() -> None:
    source, target = tables(30)
    with pytest.raises(SourceError, match="no key column 'nope'"):
        suggest("m", ("s", source), ("t", target), key=("nope", "gender"))
    with pytest.raises(SourceError, match="fewer than 12 rows"):
        suggest("m", ("s", source), ("t", target), key=("first_name", "gender"))


def test_alternatives_differ_in_what_they_make() -> None:
    made = suggest("m", ("old", tables()[0]), ("new", tables()[1]))
    assert any(field.alternatives for field in made.fields)
    for field in made.fields:
        params = [{k: v for k, v in c.params.items() if k != "of"} for c in (field, *field.alternatives)]
        choices = list(zip((field, *field.alternatives), params, strict=True))
        asked = Counter(repr((c.sources, c.transform, p)) for c, p in choices)
        assert set(asked.values()) == {1}


def test_alternatives_that_give_the_same_values_are_shown_once() -> None:
    source = pl.DataFrame({"seen": [f"2024-01-{n % 28 + 1:02d} {n % 24:02d}:{n % 60:02d}:07" for n in range(60)]})
    source = source.with_columns(number=pl.int_range(pl.len()).cast(pl.String) + "-x", code=pl.lit("AB"))
    target = source.select("number", time=pl.col("seen").str.slice(11), code_no=pl.col("number").str.to_uppercase())
    fields = {f.target: f for f in suggest("m", ("s", source), ("t", target)).fields}
    assert (fields["time"].transform, fields["time"].alternatives) == ("split", ())  # not "time", "last 8 characters"
    alike = [c for c in (fields["code_no"], *fields["code_no"].alternatives) if c.transform == "normalise"]
    assert len(alike) == 1


def test_names_of_like_meaning_by_embeddings() -> None:
    same = {"id": [*range(30)], "remark": ["x", "y", "z"] * 10}
    source = pl.DataFrame(same | {"staff_wage": [3100.5, 2800.0, 4100.25] * 10, "town": ["Bonn", "Ulm", "Kiel"] * 10})
    target = pl.DataFrame(
        same
        | {"id": [*range(900, 930)], "salary": [90.0, 10.0, 55.0] * 10, "municipality": ["Roma", "Bari", "Pisa"] * 10}
    )
    vectors = {"staff wage": (1.0, 0.0), "salary": (0.9, 0.436), "town": (0.0, 1.0), "municipality": (0.1, 0.995)}

    def embed(texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return np.array([vectors.get(text, (0.0, 0.0)) for text in texts])

    by = {f.target: f for f in suggest("m", ("s", source), ("t", target), embed=embed).fields}
    assert by["salary"].sources == ("staff_wage",) and by["municipality"].sources == ("town",)
    plain, meant = (scores(source, target, how)[1] for how in (None, embed))
    assert plain[2][2][0] < 0.7 and meant[2][2][0] == pytest.approx(0.72)
    assert meant[3][2][0] == plain[3][2][0], "a cosine below a half says nothing"


def test_lists_records_and_bytes_are_left_aside() -> None:
    frame = pl.DataFrame(
        {"name": ["Ann", "Bob"] * 10, "l": [[1], None] * 10, "s": [{"x": 1}] * 20, "b": [b"\xff"] * 20}
    )
    made = suggest("m", ("s", frame), ("t", frame))
    assert [f.target for f in made.fields] == frame.columns and made.fields[0].sources == ("name",)
    assert made.spare == ("l", "s", "b") and {f.transform for f in made.fields[1:]} == {"constant"}
