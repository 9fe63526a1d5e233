"""`heddle protect dp model`: a classifier within the privacy budget of a data set."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core import settings as config
from orchestration.cli.writing import replaced

if TYPE_CHECKING:
    from assets.security.privacy.learn import Input


@click.command()
@click.argument("table")
@click.option("--label", required=True, metavar="COLUMN=VALUE", help="What is learned: whether COLUMN is VALUE.")
@click.option("--feature", "features", multiple=True, required=True, metavar="COLUMN=LOW:HIGH or COLUMN=A|B|C",
              help="A column to learn from, with its public bounds or categories (repeatable).")  # fmt: skip
@click.option("--epsilon", type=float, required=True, help="What it may cost of the budget.")
@click.option("--delta", type=float, default=1e-6, show_default=True)
@click.option("--batch", type=click.IntRange(1), default=256, show_default=True, help="Persons a step takes.")
@click.option("--epochs", type=click.FloatRange(0, min_open=True), default=20, show_default=True)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="JSON file of the model."
)
def model(
    table: str, label: str, features: tuple[str, ...], epsilon: float, delta: float, batch: int, epochs: float,
    output: Path,
) -> None:  # fmt: skip
    """Train a logistic regression by DP-SGD: what the model tells of a single person is bounded by epsilon and delta.

    More epochs and smaller batches need more noise; a few thousand persons and an epsilon of 1 to 3 are a start.

    \b
    Example:
      heddle protect dp model raw/crm/customers --label churned=yes --feature age=18:90 \\
        --feature "city=Berlin|Bonn" --epsilon 2 --output churn.json
    """
    from assets.security.privacy.learn import Plan, train
    from assets.security.protect.errors import ProtectionError
    from assets.security.protect.sources import opened
    from orchestration.cli.protect_keys import account

    column, sign, positive = label.partition("=")
    if not sign:
        raise ProtectionError(f"--label {label} names no value", "write --label churned=yes")
    settings = config.load()
    plan = Plan(epsilon, delta, batch, epochs)
    inputs = [_input(text) for text in features]
    with replaced(output) as beside:
        beside.touch()  # what could not be written is not paid
        made, spent = train(settings, table, opened(settings, table), (column, positive), inputs, plan, account())
        beside.write_text(json.dumps(made.document(), ensure_ascii=False, indent=1), encoding="utf-8")
    click.echo(f"{output}: {made.steps} steps with noise {made.noise:.3g}, epsilon {epsilon:g}, delta {delta:g}")
    click.echo(f"left of the budget: epsilon {spent.epsilon_left:.6g}, delta {spent.delta_left:.3g}")


def _input(text: str) -> "Input":
    from assets.security.privacy.learn import Input
    from assets.security.protect.errors import ProtectionError

    name, sign, rest = text.partition("=")
    low, colon, high = rest.partition(":")
    if not sign or not rest:
        raise ProtectionError(f"--feature {text} says no bounds or categories", "write age=18:90 or city=Berlin|Bonn")
    if not colon:
        return Input(name, categories=tuple(rest.split("|")))
    try:
        return Input(name, (float(low), float(high)))
    except ValueError:
        raise ProtectionError(f"--feature {text}: {rest} are no bounds", "write age=18:90") from None
