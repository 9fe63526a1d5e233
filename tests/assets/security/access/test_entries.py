"""Every route and every command that reads rows asks the access policy: their code is walked from the entry on."""

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from orchestration.cli.main import main
from serving.studio.app import ACTIONS, PAGES
from tests.conventions.test_docs import commands

ROOT = Path(__file__).parents[4]
# what gives rows, or values of them, without asking anybody
READERS = {
    "resources.open.warehouse",
    "assets.features.registry.online.OnlineReader",
    "assets.catalog.dimensions.book.DimensionBook",
    "assets.catalog.card.card",
    "assets.catalog.lab.run.run",
    "assets.catalog.lab.engines.opened",
    "assets.catalog.remote.connection.Remote",
    "assets.knowledge.search.HandbookIndex",
    "assets.security.protect.sources.opened",
}
GUARDS = {"access_of", "warehouse_of", "guard_of", "GuardedWarehouse", "Access", "of_card", "access"}
# what reads rows and gives none to the person, or acts for the platform and not for them: command -> why
_DEFINITIONS = "card() for names and definitions; values stand in profiles, which it does not show"
ACTS = {
    "catalog accept": _DEFINITIONS,
    "catalog diff": _DEFINITIONS,
    "catalog edit": _DEFINITIONS,
    "catalog history": _DEFINITIONS,
    "catalog relate": _DEFINITIONS,
    "catalog relations": _DEFINITIONS,
    "catalog restore": _DEFINITIONS,
    "clean export": "names of columns",
    "features fresh": "moments and counts",
    **dict.fromkeys(("protect dp count", "protect dp sum", "protect dp mean", "protect dp histogram"), "noisy sums"),
    "protect dp model": "weights with noise, within the budget",
    "protect check": "names of columns and kinds of leaks",
    "standards check": "percent",
}
ENTRIES = ("orchestration.cli", "serving")
Functions = dict[str, ast.AST]


@cache
def module(path: Path) -> tuple[ast.Module, Functions]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tree, {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def names(path: Path, node: ast.AST) -> set[str]:
    """All names and attributes that a piece of code uses, imported ones with their module too."""
    imports = {
        alias.asname or alias.name: f"{n.module}.{alias.name}"
        for n in ast.walk(module(path)[0])
        if isinstance(n, ast.ImportFrom) and n.module
        for alias in n.names
    }
    plain = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    dotted = {n for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    whole = {
        f"{imports[n.value.id]}.{n.attr}" for n in dotted if isinstance(n.value, ast.Name) and n.value.id in imports
    }
    return plain | {n.attr for n in dotted} | whole | {imports[n] for n in plain if n in imports}


def origins(path: Path) -> dict[str, Path]:
    """Name -> file, of what a module imports from other modules of entries."""
    found = {}
    for node in ast.walk(module(path)[0]):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.startswith(("orchestration.cli", "serving"))
        ):
            file = ROOT / (node.module.replace(".", "/") + ".py")
            if file.exists():
                found |= {alias.asname or alias.name: file for alias in node.names}
    return found


def reached(path: Path, name: str, seen: set[tuple[Path, str]]) -> set[str]:
    """Names used by a function and by the functions of entries that it uses."""
    if (path, name) in seen or name not in module(path)[1]:
        return set()
    seen.add((path, name))
    used = names(path, module(path)[1][name])
    others = origins(path)
    for one in sorted(used):
        used = used | reached(others.get(one, path), one, seen)
    return used


def entries() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, command in commands(main, "heddle"):
        if not isinstance(command, click.Group) and command.callback is not None:
            yield name.removeprefix("heddle "), command.callback
    for path, page in PAGES.items():
        yield f"GET {path}", page
    for path, action in ACTIONS.items():
        yield f"POST {path}", action


def unguarded(function: Callable[..., Any]) -> set[str]:
    """What an entry reads rows with, where it asks no guard."""
    inner = inspect.unwrap(function)
    path = Path(inspect.getsourcefile(inner) or "")
    used = reached(path, inner.__name__, set())
    return set() if used & GUARDS else used & READERS


def test_every_route_and_command_that_reads_rows_asks_the_policy() -> None:
    found = {name: sorted(bad) for name, function in entries() if (bad := unguarded(function))}
    assert not {n: b for n, b in found.items() if n not in ACTS}
    assert len(dict(entries())) > 150


@pytest.mark.parametrize("path", sorted((ROOT / "serving").glob("*_routes.py")), ids=lambda p: p.name)
def test_api_routes_get_their_rows_from_guarded_books(path: Path) -> None:
    """They open nothing themselves: books and queries come from the studio, which guards them."""
    calls = [n for n in ast.walk(module(path)[0]) if isinstance(n, ast.Call)]
    assert calls and not {name for call in calls for name in names(path, call)} & READERS


def test_an_entry_without_a_guard_is_found() -> None:
    def leaking() -> None:
        from resources.open import warehouse

        warehouse(None)  # type: ignore[arg-type]

    assert unguarded(leaking) == {"resources.open.warehouse"}
