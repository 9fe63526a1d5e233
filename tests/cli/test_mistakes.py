"""Mistakes at the command line end with what to do, not with a traceback."""

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from orchestration.cli.main import COMMANDS, main


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += _commands(command, (*path, name))
    return found


def test_every_command_prints_help_with_an_example() -> None:
    found = _commands(main)
    assert {path[0] for path in found} == set(COMMANDS)
    for path in found:
        told = CliRunner().invoke(main, [*path, "--help"])
        assert told.exit_code == 0 and "Example" in told.output, path


def test_partition_without_force_is_refused() -> None:
    told = CliRunner().invoke(main, ["run", "--partition", "2017-03-06"])
    assert told.exit_code == 2 and "--force" in told.output


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    told = CliRunner().invoke(main, ["metrics", "query", "sales", "--start", "2017-05-01", "--end", "2017-01-01"])
    assert told.exit_code == 2 and "before --start" in told.output


def test_a_home_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.touch()
    monkeypatch.setenv("HEDDLE_HOME", str(home))
    told = CliRunner().invoke(main, ["run", "--dry-run"])
    assert told.exit_code == 2 and f"cannot write {home}/run" in told.output and "Traceback" not in told.output


def test_a_history_database_that_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.errors import StoreError
    from core.settings import load
    from orchestration.instance import open_instance

    monkeypatch.setattr("os.environ", {})  # open_instance sets variables
    monkeypatch.setattr(os, "environ", dict(os.environ))  # open_instance adds to it
    url = "postgresql://someone:a-password@127.0.0.1:notaport/history"
    settings = load({"HEDDLE_HOME": str(tmp_path), "HEDDLE_INSTANCE": url}, tmp_path)
    with pytest.raises(StoreError, match=r"HEDDLE_INSTANCE=postgresql://someone:.*cannot be used") as caught:
        open_instance(settings)
    assert "a-password" not in str(caught.value)


def test_a_history_that_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path))
    index = tmp_path / "dagster" / "history" / "history" / "runs" / "index.db"
    index.parent.mkdir(parents=True)
    index.write_text("no database " * 99)
    told = CliRunner().invoke(main, ["run", "--dry-run"])
    assert told.exit_code == 2 and "history or MLflow's store cannot be used: file is not a database" in told.output
    assert "moved away" in told.output and index.read_text() == "no database " * 99
