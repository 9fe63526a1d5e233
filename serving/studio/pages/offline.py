"""Table metadata taken from a CSV or Excel file, for sources that nobody connects to, or not yet."""

import re
import tempfile
from pathlib import Path

from assets.catalog.remote.offline import HEADERS, NEEDED, tables, take
from assets.catalog.scan.sources import load_sources
from core.errors import HeddleError
from serving.studio.fields import AgainError, Errors, status_of
from serving.studio.forms import Form
from serving.studio.visit import Visit, link

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")  # of a source


def page(visit: Visit) -> str:
    """The form; `?source=` is filled in."""
    return _form(visit, {"source": visit["source"]}, {})


def save(visit: Visit, form: Form) -> str:
    """Takes the tables of the file as those of a source, and shows them in the list.

    Raises:
        AgainError: there is no file, or rows of it are wrong; then nothing is taken.
    """
    source, file = form.get("source", "").strip(), form.files.get("file")
    errors: Errors = {} if NAME.fullmatch(source) else {"source": visit.say("e_name" if source else "e_empty")}
    if file is None:
        errors["file"] = visit.say("e_no_file")
    if errors or file is None:
        raise AgainError(_form(visit, form, errors))
    with tempfile.TemporaryDirectory(prefix="heddle-tables-") as folder:
        ending = Path(file.name).suffix.lower()
        path = Path(folder) / f"upload{ending if ending[1:].isalnum() else '.csv'}"
        path.write_bytes(file.data)
        try:
            found = tables(path)
            take(visit.studio.versions, source, found, visit.studio.who, file.name, form.get("whole") == "1")
        except HeddleError as error:
            told = f"{error.what}. {error.fix}".replace(str(path), file.name)
            raise AgainError(_form(visit, form, {"file": told}), status_of(error)) from None
    return link("/", source=source)


def _form(visit: Visit, form: dict[str, str], errors: Errors) -> str:
    return visit.page(
        "offline.html",
        visit.say("import_tables"),
        fields={f: form.get(f, "") for f in ("source", "whole")},
        errors=errors,
        sources=[s.name for s in load_sources(visit.studio.settings)],
        headers=[(names[0], names[-1], field in NEEDED) for field, names in HEADERS.items()],
    )
