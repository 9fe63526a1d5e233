"""What the commands share that put generated steps into a transformation: the change is shown before it is written."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import SourceError
from core.settings import Settings

if TYPE_CHECKING:
    from assets.kettle.engine.run import EngineSettings
    from assets.kettle.model import Transformation

INTO = click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The .ktr that gets the steps; a new one is made for a CSV file.",
)
AFTER = click.option("--after", metavar="STEP", help="Behind which step they stand; not for a new file.")
REJECTS = click.option(
    "--rejects", metavar="PATH", help="A CSV file of the transformation for rejected rows (default: Dummy)."
)
OVERWRITE = click.option("--overwrite", is_flag=True, help="Also steps that were changed by hand since they were made.")
SAVE = click.option("--write", "save", is_flag=True, help="Write what is made; without it, only the change is shown.")


def engine(settings: Settings) -> "EngineSettings":
    """The engine that tells which fields a step gives, with the project's connections."""
    from assets.kettle.connections import connection_urls
    from assets.kettle.engine.run import EngineSettings

    return EngineSettings(connections=connection_urls(settings))


def opened(into: Path, after: str | None, source: Path, suffix: str) -> "Transformation":
    """The transformation of a file, or where there is none a new one from a CSV file to one beside it.

    Args:
        into: the .ktr.
        after: the step behind which steps are put; named for a file that is there, and only for that.
        source: the CSV file that a new transformation reads.
        suffix: a new transformation writes its rows to `<source>.<suffix>`.

    Raises:
        SourceError: the name does not end in .ktr; `after` is missing, or there is no such step to name; one of the
            files cannot be read.
    """
    from assets.kettle.files.read import read_transformation
    from assets.quality.rules.new_kettle import for_csv
    from assets.quality.rules.reading import scan

    if into.suffix.lower() != ".ktr":
        raise SourceError(f"{into} is no transformation", "name a file that ends in .ktr")
    new = not into.exists()
    if new == (after is not None):
        raise SourceError(f"{into} is {'not there' if new else 'there'}", "give --after STEP for a file that is there")
    if not new:
        return read_transformation(into)
    path = source.absolute()
    return for_csv(into.stem, path, scan(path).collect_schema(), path.with_name(f"{path.stem}.{suffix}"))


def show(before: "Transformation", after: "Transformation", file: Path, says: str, *, save: bool) -> None:
    """Shows what changes in the words of the file and as lines, and writes it where asked to.

    Args:
        before: the transformation as it is, or for a file that is not there yet without the steps.
        after: with the steps.
        file: where it stands, or will.
        says: what the file agrees with when nothing changes: `the rules say`.
        save: write it.
    """
    from assets.kettle.files.write import to_bytes, write
    from assets.kettle.synced.follow import text_diff
    from assets.kettle.synced.inputs import told

    if file.exists() and to_bytes(after) == to_bytes(before):
        click.echo(f"{file}: as {says}")
        return
    click.echo(told(before, after))
    click.echo(text_diff(before, after, file.name), nl=False)
    if save:
        write(after, file)
        click.echo(f"wrote {file}")
