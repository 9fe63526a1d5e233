"""`heddle protect anonymity` and `dp`: how anonymous rows are, and figures that do not tell of single persons."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core import settings as config
from orchestration.cli.protect_learn import model
from orchestration.cli.seen import warehouse_of

if TYPE_CHECKING:
    from assets.security.privacy.answers import Question

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str, option: str) -> tuple[float, ...]:
    from assets.security.protect.errors import ProtectionError

    try:
        return tuple(float(part) for part in _names(text))
    except ValueError:
        raise ProtectionError(f"{option} {text!r} are no numbers", f"write {option} 0,100") from None


@click.command()
@click.argument("table")
@click.option("--quasi", required=True, help="Columns by which persons could be recognised, separated by commas.")
@click.option("--sensitive", default="", help="Columns that nobody is to learn of a person.")
@click.option("--k", "wanted", default=5, show_default=True, help="Rows that every class should have.")
@click.option("--suggest", "wish", is_flag=True, help="Also suggest generalisations, as lines of a policy.")
@click.option("--left", default=0.01, show_default=True, help="With --suggest: share of rows that may stay at risk.")
@JSON
def anonymity(table: str, quasi: str, sensitive: str, wanted: int, wish: bool, left: float, as_json: bool) -> None:
    """k-anonymity, l-diversity and t-closeness of TABLE: classes, the smallest of them, rows at risk. No values.

    \b
    Examples:
      heddle protect anonymity customers.csv --quasi zip,born,sex --sensitive diagnosis
      heddle protect anonymity raw/crm/customers --quasi zip,born,sex --k 10 --suggest
    """
    from dataclasses import asdict

    import polars as pl

    from assets.quality.rules.reading import is_file, scan
    from assets.security.privacy.anonymity import measure
    from assets.security.privacy.suggest import suggest
    from assets.security.protect.sources import opened

    columns, hidden = _names(quasi), _names(sensitive)
    if is_file(table):
        frame = scan(Path(table))
    else:
        wished = [*columns, *hidden]
        batches = opened(config.load(), table, warehouse_of("heddle protect"))
        frame = pl.concat(b.select(c for c in wished if c in b.columns) for b in batches()).lazy()
    found = measure(frame, columns, hidden, wanted)
    better = suggest(frame, columns, wanted, left) if wish else None
    if as_json:
        shown = asdict(found) | {"share": found.share}
        if better:
            shown["suggestion"] = {"k": better.k, "at_risk": better.at_risk, "policy": better.yaml(table)}
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    click.echo(f"{found.rows:,} rows in {found.groups:,} classes of {', '.join(columns)}: k = {found.k}")
    click.echo(f"{found.at_risk:,} rows ({found.share:.1%}) in classes of fewer than {wanted}")
    if found.smallest:
        click.echo(f"smallest classes: {', '.join(f'{n:,} of {size}' for size, n in found.smallest)}")
    for column, d in found.diversity.items():
        click.echo(f"{column}: l = {d.distinct} distinct, {d.entropy:.2f} by entropy; t = {d.closeness:.3f}")
    if better and better.uses:
        click.echo(f"\nwith these lines in a policy k = {better.k}, {better.at_risk:,} rows still at risk:")
        click.echo(better.yaml(table))
    elif better:
        few = better.at_risk > left * better.rows
        click.echo("\nno generalisation helps: there are too few rows" if few else "\nnothing needs to change")


@click.group()
def dp() -> None:
    """Differentially private figures of a data set, as long as its budget lasts (HEDDLE_PROTECTION/privacy.yaml).

    \b
    Examples:
      heddle protect dp count raw/crm/customers --epsilon 0.1
      heddle protect dp histogram raw/crm/customers --column city --categories Berlin,Bonn --epsilon 0.5
      heddle protect dp model raw/crm/customers --label churned=yes --feature age=18:90 --epsilon 2 --output m.json
      heddle protect dp budget raw/crm/customers
    """


def _figure(what: str, help_: str, example: str) -> click.Command:
    """One command for each figure; they share all options."""

    def run(
        table: str,
        epsilon: float,
        delta: float,
        noise: str,
        column: str,
        bounds: str,
        categories: str,
        edges: str,
        as_json: bool,
    ) -> None:
        from assets.security.privacy.answers import Question
        from assets.security.protect.errors import ProtectionError

        limits = _numbers(bounds, "--bounds")
        if limits and len(limits) != 2:
            raise ProtectionError(f"--bounds {bounds} are not two numbers", "write --bounds 0,100")
        two = (limits[0], limits[1]) if limits else None
        question = Question(what, column, two, _names(categories), _numbers(edges, "--edges"))
        _ask(table, question, epsilon, delta, noise, as_json)

    run.__doc__ = f"{help_}\n\n\b\nExample:\n  heddle protect dp {what} {example}"
    options = [
        click.argument("table"),
        click.option("--epsilon", type=float, required=True, help="What it may cost of the budget."),
        click.option("--delta", type=float, default=0.0, help="For Gaussian noise and categories that are not public."),
        click.option("--noise", type=click.Choice(["laplace", "gaussian"]), default="laplace", show_default=True),
        click.option("--column", default="", help="Of which column."),
        click.option("--bounds", default="", help="LOW,HIGH: values beyond are clamped. Public: not from the data."),
        click.option("--categories", default="", help="Public categories; without them, those that many rows have."),
        click.option("--edges", default="", help="Edges of bins of a number."),
        JSON,
    ]
    for option in reversed(options):
        run = option(run)
    return click.command(what)(run)


for _what, _help, _example in (
    ("count", "How many rows there are.", "raw/crm/customers --epsilon 0.1"),
    ("sum", "The sum of a column.", "raw/crm/orders --column amount --bounds 0,500 --epsilon 0.5"),
    ("mean", "The mean of a column.", "raw/crm/customers --column age --bounds 18,90 --epsilon 0.5"),
    ("histogram", "Rows by category or bin.", "raw/crm/customers --column age --edges 30,50,70 --epsilon 0.5"),
):
    dp.add_command(_figure(_what, _help, _example))
dp.add_command(model)


def _ask(table: str, question: "Question", epsilon: float, delta: float, noise: str, as_json: bool) -> None:
    from assets.security.privacy.answers import answer
    from assets.security.privacy.noisy import Asked
    from assets.security.protect.sources import opened
    from orchestration.cli.protect_keys import account

    settings = config.load()
    asked = Asked(epsilon, delta, 1, "gaussian" if noise == "gaussian" else "laplace")
    got = answer(settings, table, opened(settings, table), question, asked, account())
    if as_json:
        figures = {name: {"value": f.value, "error": f.error} for name, f in got.figures.items()}
        click.echo(json.dumps({"figures": figures, "left": got.spent._asdict()}, ensure_ascii=False))
        return
    for name, figure in got.figures.items():
        click.echo(f"{name}: {figure.value:.6g} (noise within {figure.error:.3g}, 95 %)")
    if got.note:
        click.echo(got.note)
    click.echo(f"left of the budget: epsilon {got.spent.epsilon_left:.6g}, delta {got.spent.delta_left:.3g}")


@dp.command()
@click.argument("table", required=False)
@JSON
def budget(table: str | None, as_json: bool) -> None:
    """Budgets, what is left of them, and for TABLE who asked what.

    \b
    Examples:
      heddle protect dp budget
      heddle protect dp budget raw/crm/customers --json
    """
    from assets.security.privacy.budget import Ledger, budgets
    from assets.security.privacy.budget import budget as declared

    settings = config.load()
    wanted = {table: declared(settings.protection, table)} if table else budgets(settings.protection)
    ledger = Ledger(settings.vault)
    left = {name: ledger.left(name, of) for name, of in wanted.items()}
    lines = ledger.lines(table) if table else []
    if as_json:
        click.echo(json.dumps({"budgets": {n: s._asdict() for n, s in left.items()}, "asked": lines}))
        return
    for name, spent in left.items():
        of = wanted[name]
        click.echo(f"{name}: epsilon {spent.epsilon_left:.6g} of {of.epsilon:g}, delta {spent.delta_left:.3g} left")
    for line in lines:
        click.echo(f"  {line['at']}  {line['who']}: {line['what']}, epsilon {line['epsilon']:g}")
    if not left:
        click.echo("no budget is declared; see docs/protection.md")
