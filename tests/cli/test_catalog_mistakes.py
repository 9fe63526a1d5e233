"""Odd names, odd texts and wrong arguments at `heddle catalog`: told in words, and nothing is lost or obeyed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assets.catalog.edit import Edit, edit
from assets.catalog.store.versions import Versions
from core.errors import StoreError
from core.settings import Settings
from orchestration.cli.main import main
from orchestration.cli.visible import visible

Call = Callable[..., Result]


@pytest.fixture
def files(tmp_path: Path, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Settings:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text('id,mob,"\x1b]0;x\x07[/red]"\n1,13800138000,\x1b[31m\n2,13900139000,y\n')
    (tmp_path / "sources.yaml").write_text(f"sources:\n  - {{name: files, url: 'file://{data}'}}\n")
    settings = make_settings(catalog_files=tmp_path)
    for name in ("home", "catalog_files"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(settings, name)))
    return settings


def call(*words: str) -> Result:
    found = CliRunner().invoke(main, ["catalog", *words])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


def test_file_names_that_are_no_text_cost_no_other_file(files: Settings) -> None:
    folder = files.catalog_files / "data"
    (folder / os.fsdecode(b"bad\xff.csv")).write_text("a,b\n1,2\n")
    (folder / "es\x1b[31mc\nape.csv").write_text("a,b\n1,2\n")
    assert call("scan").exit_code == 0
    assert {v.key for v in Versions(files.catalog).latest("table")} == {
        "files/a.csv",
        r"files/bad\xff.csv",
        r"files/es\x1b[31mc\x0aape.csv",
    }
    assert "2 columns" in call("show", r"files/bad\xff.csv").output


def test_a_terminal_is_sent_no_control_characters_of_the_data(files: Settings) -> None:
    call("scan")
    for words in (("show", "files/a.csv"), ("browse", "files/a.csv"), ("search", "red"), ("history", "files/a.csv")):
        told = call(*words)
        assert told.exit_code == 0 and told.output and not {"\x1b", "\x07"} & set(told.output), words
    assert "␛]0;x␇[/red]" in call("browse", "files/a.csv").output
    assert visible("a\tb\n\x1b\x7f\x9b\u202e中") == "a\tb\n␛␡\ufffd\ufffd中"


def test_versions_that_are_not_there(files: Settings) -> None:
    call("scan")
    for one, other in (("0", "1"), ("1", "0"), ("1", "9" * 30)):
        told = call("diff", "files/a.csv", one, other)
        assert told.exit_code == 2 and "has no version" in told.output
    assert call("restore", "files/a.csv", "9" * 30).exit_code == 2


def test_words_that_say_nothing(files: Settings) -> None:
    call("scan")
    for words, told in {
        ("accept", "nope"): "no entry nope",
        ("refresh", "files/nope"): "source files has no table nope",
        ("relate", "nope"): "no source nope",
        ("relations", "nope"): "none are known",
        ("edit", "files/a.csv", "--meaning", "mob=cn_mobil"): "did you mean cn_mobile",
    }.items():
        found = call(*words)
        assert told in found.output and (found.exit_code == 2 or words[0] == "relations"), words
    assert "said so already" in call("edit", "files/a.csv", "--tag", " ").output
    assert "version 2" in call("edit", "files/a.csv", "--meaning", "mob=").output


def test_a_text_that_is_no_unicode_is_refused(files: Settings) -> None:
    call("scan")
    told = call("edit", "files/a.csv", "--description", os.fsdecode(b"caf\xe9"))
    assert told.exit_code == 2 and "not UTF-8" in told.output
    with pytest.raises(StoreError, match=r"udce9"):
        edit(Versions(files.catalog), "table", "files/a.csv", Edit(description="\udce9"), "ann")
    assert len(Versions(files.catalog).history("table", "files/a.csv")) == 1
