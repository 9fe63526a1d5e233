"""What a site sets outside the files: kettle.properties, shared.xml, a Hop project's connections. All are optional."""

import os
from collections.abc import Mapping
from pathlib import Path

from assets.kettle.files.connections import read_hop_metadata, read_shared
from assets.kettle.files.variables import Variables, read_properties
from assets.kettle.model import Connection, Job, Transformation


def kettle_home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder `.kettle` under KETTLE_HOME or the user's home; it need not exist."""
    return Path(environ.get("KETTLE_HOME") or Path.home()) / ".kettle"


def site_variables(home: Path, environ: Mapping[str, str] = os.environ) -> Variables:
    """The outermost variables: kettle.properties, and over them the environment's KETTLE_... ones (no others)."""
    path = home / "kettle.properties"
    values = read_properties(path) if path.is_file() else {}
    return Variables(values=values | {name: value for name, value in environ.items() if name.startswith("KETTLE_")})


def known_connections(model: Transformation | Job, home: Path | None = None) -> dict[str, Connection]:
    """The connections that a file may name: its own, else those of its Hop project, else those of shared.xml.

    Raises FileFormatError for a shared.xml or project file that cannot be read.
    """
    found: dict[str, Connection] = {}
    if home is not None and (home / "shared.xml").is_file():
        found |= read_shared(home / "shared.xml")
    project = hop_project(model.path) if model.path else None
    if project is not None:
        found |= read_hop_metadata(project)
    return found | model.connections


def hop_project(path: Path) -> Path | None:
    """The nearest folder above a file that holds Hop's `metadata/rdbms`, or None."""
    return next((folder for folder in path.absolute().parents if (folder / "metadata" / "rdbms").is_dir()), None)
