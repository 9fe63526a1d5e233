"""`heddle templates`: the job templates and their parameters."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from job_templates.registry import Parameter


@click.group()
def templates() -> None:
    """Job templates: jobs with typed parameters that run as `python -m`.

    \b
    Examples:
      heddle templates list
      heddle templates show tabular_classifier
    """


@templates.command("list")
def list_templates() -> None:
    """Name and description of every template.

    \b
    Example:
      heddle templates list
    """
    from rich.console import Console
    from rich.table import Table

    from job_templates import registry

    table = Table("template", "what it does", "用途")
    for template in registry.templates().values():
        table.add_row(template.name, template.description.en, template.description.zh)
    Console().print(table)


@templates.command("show")
@click.argument("name")
def show_template(name: str) -> None:
    """Parameters of one template, by group, with the command that runs it.

    \b
    Example:
      heddle templates show tabular_classifier
    """
    from rich.console import Console
    from rich.table import Table

    from job_templates import registry

    template = registry.find(name)
    console = Console()
    console.print(f"[bold]{template.title.en}[/bold]  {template.title.zh}\n{template.description.en}")
    for group in template.groups:
        table = Table(title=f"{group.label.en}  {group.label.zh}")
        table.add_column("flag", no_wrap=True)
        for column in ("type", "default", "bounds", "meaning", "含义"):
            table.add_column(column)
        for p in group.parameters:
            default = "required" if p.required else "" if p.default is None else str(p.default)
            table.add_row(p.flag, p.type, default, _bounds(p), p.label.en, p.label.zh)
        console.print(table)
    needed = " ".join(f"{p.flag} …" for p in template.parameters.values() if p.required)
    console.print(f"python -m {template.entry.split(':')[0]} {needed}", soft_wrap=True)


def _bounds(parameter: "Parameter") -> str:
    if parameter.choices:
        return ", ".join(parameter.choices)
    ends = [f"{end:.10g}" if end is not None else "" for end in (parameter.minimum, parameter.maximum)]
    return " … ".join(ends) if any(ends) else ""
