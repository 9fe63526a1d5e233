"""`heddle catalog meaning`: a person's word wins and stays; a classifier is trained, measured and asked by scans."""

import csv
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from assets.catalog.record import current
from assets.catalog.semantics import training
from assets.catalog.store.versions import Versions
from core.settings import Settings, load
from orchestration.cli.main import main

Call = Callable[..., str]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A folder of CSV files as a source."""
    files, data = tmp_path / "files", tmp_path / "data"
    files.mkdir()
    data.mkdir()
    (files / "sources.yaml").write_text(f"sources:\n  - {{name: farm, url: 'file://{data}'}}\n")
    rows = "\n".join(f"{n % 7},1380000{n:04d},{crop(random.Random(n))}" for n in range(60))
    (data / "fields.csv").write_text(f"grade,mob,c3\n{rows}\n")
    given = {"HEDDLE_HOME": str(tmp_path / "home"), "HEDDLE_CATALOG_FILES": str(files)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return load(given, project=tmp_path)


def crop(r: random.Random) -> str:
    return f"{r.choice(('Winter', 'Summer'))} wheat~{r.randint(1, 40)}"


def call(*words: str, status: int = 0) -> str:
    done = CliRunner().invoke(main, ["catalog", *words])
    assert done.exit_code == status, done.output
    return done.output


def meaning(settings: Settings, column: str) -> tuple[str, str] | None:
    found = current(Versions(settings.catalog), "farm/fields.csv")
    assert found is not None
    said = found.meanings.get(column)
    return (said.type, said.by) if said else None


def test_a_correction_is_kept_and_wins_until_it_is_taken_back(site: Settings) -> None:
    call("scan")
    assert meaning(site, "mob") == ("cn_mobile", "content")
    assert "nothing was said" in call("meaning", "list")
    call("meaning", "set", "farm/fields.csv", "mob", "identifier", "--author", "ann", "--note", "test numbers")
    assert meaning(site, "mob") == ("identifier", "user")
    assert "+" not in call("tags", "show", "farm/fields.csv") and "identifier" in call(
        "tags", "show", "farm/fields.csv"
    )
    call("scan")
    assert meaning(site, "mob") == ("identifier", "user")
    assert "farm/fields.csv mob identifier (ann " in call("meaning", "list") and "test numbers" in call(
        "meaning", "list"
    )
    assert "taken back" in call("meaning", "unset", "farm/fields.csv", "mob")
    call("scan")
    assert meaning(site, "mob") == ("cn_mobile", "content")
    call("meaning", "set", "farm/fields.csv", "mob", "none")
    call("scan")
    assert meaning(site, "mob") is None
    last = Versions(site.catalog).history("table", "farm/fields.csv")
    assert any(v.change.author == "ann" and "mob means identifier" in v.change.cause for v in last)


@pytest.mark.parametrize("words", [("cn_mobile",), ("identifier",), ("identifier", "email", "cn_mobile")])
def test_what_was_computed_is_back_at_once(site: Settings, words: tuple[str, ...]) -> None:
    call("scan")
    for word in words:
        call("meaning", "set", "farm/fields.csv", "mob", word)
        assert meaning(site, "mob") == (word, "user")
    call("meaning", "unset", "farm/fields.csv", "mob")
    assert meaning(site, "mob") == ("cn_mobile", "content")


def test_mistakes_are_named(site: Settings) -> None:
    call("scan")
    assert "no semantic type no_such" in call("meaning", "set", "farm/fields.csv", "mob", "no_such", status=2)
    assert "no column 'x'" in call("meaning", "set", "farm/fields.csv", "x", "phone", status=2)
    assert "no scanned table farm/x" in call("meaning", "set", "farm/x", "x", "phone", status=2)
    assert "nothing was said about it" in call("meaning", "unset", "farm/fields.csv", "mob")
    assert not (site.catalog_files / "meanings.yaml").exists()


def test_types_are_listed_in_both_languages() -> None:
    assert "cn_mobile: " in call("meaning", "types", "手机") and "personal" in call("meaning", "types", "cn_mobile")
    assert len(call("meaning", "types").splitlines()) > 100
    assert "no such type" in call("meaning", "types", "nothing_like_it")


def labelled(path: Path) -> Path:
    r = random.Random(3)
    make = {"crop_variety": crop, "plot_mood": lambda r: r.choice(("rather dry", "quite wet", "somewhat stony"))}
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(training.HEADERS)
        for n in range(24):
            for kind, one in make.items():
                out.writerows([f"t{n}", kind[:3], one(r), kind] for _ in range(6))
    return path


def test_a_classifier_is_trained_measured_versioned_and_asked(site: Settings, tmp_path: Path) -> None:
    call("scan")
    before = meaning(site, "c3")
    said = call("meaning", "train", str(labelled(tmp_path / "labelled.csv")))
    assert "version 1: learned from 48 columns" in said and "100.0% (8 of 8)" in said and "crop_variety: 4 of 4" in said
    assert "version 2" in call("meaning", "train", str(tmp_path / "labelled.csv"))
    kept = site.home / training.FOLDER
    assert sorted(p.name for p in kept.iterdir()) == ["0001", "0002"]
    assert {p.suffix for p in (kept / "0002").iterdir()} == {".npz", ".json"}
    call("scan")  # the tables did not change, but what is known of types did
    assert before is None or before[0] in ("free_text", "category", "code_set")
    assert meaning(site, "c3") == ("crop_variety", "content")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("table,column,type\na,b,c\n", "no column 'value' in its first line"),
        ("table,column,value,type\na,b,1,Not A Type\n", "line 2, type: 'Not A Type' is no name"),
        ("table,column,value,type\na,b,1,x\na,b,2,y\n", "a.b is x and y"),
        ("table,column,value,type\na,b,1,x\n", "fewer than two types"),
    ],
)
def test_wrong_labels_are_named(site: Settings, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "labelled.csv"
    path.write_text(text)
    assert words in call("meaning", "train", str(path), status=2)
    assert not (site.home / training.FOLDER).exists()
