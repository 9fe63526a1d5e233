"""The documentation covers every setting and every command, and shows defaults as the code has them."""

from pathlib import Path

import click
import pytest

from core.settings import LOCAL, Settings
from orchestration.cli.main import COMMANDS, main

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_is_documented(name: str) -> None:
    field = Settings.model_fields[name]
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    line = next((x for x in text.splitlines() if x.startswith(f"| `HEDDLE_{name.upper()}` |")), "")
    assert line, f"HEDDLE_{name.upper()} is missing in docs/settings.md"
    assert field.description and field.description in line
    default = LOCAL.get(name, field.default)
    if isinstance(default, str | int) and not str(default).startswith("/") and default != "":
        assert f"`{default}`" in line


def commands(group: click.Group, prefix: str) -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        found.append((f"{prefix} {name}", command))
        if isinstance(command, click.Group):
            found += commands(command, f"{prefix} {name}")
    return found


def test_each_command_is_documented_and_has_an_example() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert set(COMMANDS) == set(main.list_commands(click.Context(main)))
    for name, command in commands(main, "heddle"):
        assert f"`{name}" in text, f"{name} is missing in docs/commands.md"
        assert command.help, name
        if name.count(" ") == 1:
            assert "Example" in command.help, f"{name} --help shows no example"
