"""`heddle doctor`: what is missing on this machine, and how to get it."""

import click

from core import settings as config


@click.command()
def doctor() -> None:
    """Check the environment, the stores and the ports; exits with 1 when something needed is missing.

    \b
    Examples:
      heddle doctor
      HEDDLE_WAREHOUSE=postgresql://heddle@db/warehouse heddle doctor
    """
    from rich.console import Console
    from rich.table import Table

    from orchestration.checkup import Verdict, examine

    marks = {Verdict.OK: "[green]✓[/]", Verdict.OPTIONAL: "[yellow]-[/]", Verdict.BAD: "[bold red]✗[/]"}
    table = Table("", "what", "found", "how to get it", box=None)
    findings = list(examine(config.load()))
    for finding in findings:
        table.add_row(marks[finding.verdict], finding.what, finding.found, finding.fix)
    Console().print(table)
    if any(f.verdict is Verdict.BAD for f in findings):
        raise SystemExit(1)
