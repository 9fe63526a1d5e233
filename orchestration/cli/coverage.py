"""`heddle coverage`: which catalogued requirements the tests prove."""

import ast
from collections.abc import Iterator
from pathlib import Path

import click

from core.settings import PROJECT


@click.command()
@click.argument("ids", nargs=-1)
def coverage(ids: tuple[str, ...]) -> None:
    """List requirement ids with the tests that carry @pytest.mark.covers for them.

    \b
    Examples:
      heddle coverage              all
      heddle coverage MLP-173      the tests that prove one
    """
    found: dict[str, list[str]] = {}
    for path in sorted((PROJECT / "tests").rglob("test_*.py")):
        for requirement, test in marked(path):
            found.setdefault(requirement, []).append(f"{path.relative_to(PROJECT)}::{test}")
    for requirement in sorted(found):
        if not ids or requirement in ids:
            click.echo(f"{requirement}  {', '.join(found[requirement])}")
    missing = [i for i in ids if i not in found]
    if missing:
        raise click.ClickException(f"no test covers {', '.join(missing)}")


def marked(path: Path) -> Iterator[tuple[str, str]]:
    """(requirement id, test name) of every covers mark in a test file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr == "covers":
                yield from ((str(ast.literal_eval(argument)), node.name) for argument in mark.args)
