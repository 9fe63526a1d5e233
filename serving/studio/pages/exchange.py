"""Lineage taken from a file: OpenLineage events, CSV, DataHub, OpenMetadata; the bad rows told by line."""

import tempfile
from pathlib import Path

from assets.catalog.lineage.exchange.files import READERS, read
from core.errors import HeddleError
from serving.studio.fields import AgainError, Errors, status_of
from serving.studio.forms import Form
from serving.studio.results import Result
from serving.studio.visit import Visit, link

SHOWN = 500  # problems on the page
LONGEST = 200  # characters of a name


def page(visit: Visit) -> str:
    """The form; with `?result=` what the last import brought."""
    found = visit.studio.results.get(visit["result"])
    return _form(visit, {}, {}, found if found and found.about == "lineage" else None)


def take(visit: Visit, form: Form) -> str:
    """Takes the file of the form into the graph; importing a name again replaces what it brought.

    Raises:
        AgainError: there is no file, or it is of no format that is read.
    """
    file, name = form.files.get("file"), form.get("name", "").strip()[:LONGEST]
    chosen = form.get("format") if form.get("format") in READERS else "auto"
    if file is None:
        raise AgainError(_form(visit, form, {"file": visit.say("e_no_file")}, None))
    called = name or file.name[:LONGEST]
    with tempfile.TemporaryDirectory(prefix="heddle-lineage-") as folder:
        path = Path(folder) / f"upload{Path(file.name).suffix.lower()[:8]}"
        path.write_bytes(file.data)
        try:
            taken = read(path, str(chosen), called)
            new = visit.studio.lineage.put(taken.stated)
        except HeddleError as error:
            told = {"file": error.what.replace(str(path), file.name)}
            raise AgainError(_form(visit, form, told, None), status_of(error)) from None
    edges = sum(len(s.edges) for s in taken.stated)
    counts = {"edges": edges, "sources": len(taken.stated), "new": new}
    problems = [p.replace(str(path), file.name) for p in taken.problems]
    said = Result("lineage", called, bool(edges), counts, problems[:SHOWN], len(problems))
    return link("/lineage/import", result=visit.studio.results.keep(said))


def _form(visit: Visit, form: dict[str, str], errors: Errors, result: Result | None) -> str:
    return visit.page(
        "lineage_import.html",
        visit.say("import_lineage"),
        fields={f: form.get(f, "") for f in ("format", "name")},
        errors=errors,
        formats=[("auto", visit.say("format_auto")), *((f, visit.say.either(f"format_{f}", f)) for f in READERS)],
        result=result,
    )
