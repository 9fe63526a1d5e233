"""sources.yaml: its fields, its errors, its secrets; and what the scan makes of meanings."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest

from assets.catalog.model import Meaning, TableInfo
from assets.catalog.scan.references import address
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source, load_sources
from core.errors import SourceError
from core.settings import Settings, load


def test_the_example_sources_are_scanned(settings: Settings) -> None:
    sources = {s.name: s for s in load_sources(settings)}
    assert set(sources) == {"warehouse", "retail", "kettle_example"}
    found = scan(sources["retail"], settings=settings)
    assert found.errors == () and len(found.tables) == 8
    assert all(t.profiles for t in found.tables)
    assert {t.table.name for t in scan(sources["kettle_example"], settings=settings).tables} == {
        "coupon_habits.ktr",
        "coupon_use.ktr",
        "coupons.kjb",
    }
    assert scan(sources["warehouse"], settings=settings).errors[0][0] == ""  # nothing has been built yet


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{name: a}", "source 1 (a): field url: Field required"),
        ("{name: A b, url: 'file:///x'}", "field name: String should match"),
        ("{name: a, url: 'file:///x', colour: red}", "field colour"),
        ("{name: a, url: 'no scheme'}", "field url: has no scheme"),
        ("{name: a, url: 'postgresql://u:secret@h/d'}", "field url: holds a password"),
        ("{name: a, url: '${vault:x}'}", "field url: ${vault:x} is no reference"),
        ("{name: a, url: '${heddle:llm_key}'}", "names no setting"),
        ("{name: a, url: 'file:///x', schedule: often}", "field schedule: is no cron expression"),
        ("{name: a, url: 'file:///x', sample_rows: -1}", "field sample_rows"),
        ("just text", "source 1 is no mapping"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(
    make_settings: Callable[..., Settings], tmp_path: Path, entry: str, message: str
) -> None:
    (tmp_path / "sources.yaml").write_text(f"sources:\n  - {entry}\n")
    with pytest.raises(SourceError) as error:
        load_sources(make_settings(catalog_files=tmp_path))
    assert str(tmp_path / "sources.yaml") in str(error.value) and message in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("content", ["sources: [", "other: 1", "- a", "sources: []\nmore: 1"])
def test_a_wrong_file_is_named(make_settings: Callable[..., Settings], tmp_path: Path, content: str) -> None:
    (tmp_path / "sources.yaml").write_text(content)
    with pytest.raises(SourceError, match=r"sources\.yaml"):
        load_sources(make_settings(catalog_files=tmp_path))


def test_two_sources_of_one_name(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        "sources:\n  - {name: a, url: 'file:///x'}\n  - {name: a, url: 'file:///y'}\n"
    )
    with pytest.raises(SourceError, match="source 2: field name: 'a' is there twice"):
        load_sources(make_settings(catalog_files=tmp_path))


def test_secrets_are_read_at_use_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("p@ss/word\n")
    settings = load({"HEDDLE_HOME": str(tmp_path)}, tmp_path)
    url = f"mysql://u:${{file:{tmp_path / 'pw'}}}@h/${{env:DB}}"
    found = address(url, "s", settings, {"DB": "shop"})
    assert found.url == "mysql://u:p%40ss%2Fword@h/shop"
    assert "p@ss" not in found.shown and "p%40ss" not in found.shown
    assert found.clean("Access denied for p@ss/word at p%40ss%2Fword") == "Access denied for *** at ***"
    whole = address("${env:URL}", "s", settings, {"URL": "postgresql://u:hidden@h/d"})
    assert whole.url == "postgresql://u:hidden@h/d" and "hidden" not in whole.shown + whole.clean("bad hidden")


def test_meanings_and_what_is_withheld(tmp_path: Path) -> None:
    pl.DataFrame({"id": [1, 2, 3], "phone": ["13912345678", "13912345679", None]}).write_parquet(tmp_path / "t.parquet")
    asked: dict[str, list[object]] = {}

    def classify(table: TableInfo, samples: Mapping[str, pl.Series]) -> dict[str, Meaning | None]:
        asked.update({f"{table.path}.{name}": values.to_list() for name, values in samples.items()})
        return {"phone": Meaning(type="cn_mobile", confidence=0.9), "id": None}

    found = scan(Source(name="s", url=f"file://{tmp_path}"), classify=classify, sensitive={"cn_mobile"}.__contains__)
    (table,) = found.tables
    assert asked == {"t.parquet.id": [1, 2, 3], "t.parquet.phone": ["13912345678", "13912345679"]}
    assert table.meanings["phone"].type == "cn_mobile" and list(table.meanings) == ["phone"]
    assert table.profiles["phone"].withheld and "1391234" not in found.model_dump_json()
    assert table.profiles["phone"].patterns[0].value == "9{11}" and table.profiles["id"].high == "3"


def test_patterns_of_names_and_progress(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "tmp/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n1\n")
    seen: list[tuple[int, int]] = []
    source = Source(name="s", url=f"file://{tmp_path}", include=("*.csv",), exclude=("tmp/*",))
    found = scan(source, progress=lambda done, total, _: seen.append((done, total)), environ=os.environ)
    assert [t.table.path for t in found.tables] == ["a.csv", "b.csv"] and sorted(seen) == [(1, 2), (2, 2)]
