"""Files of a dimension's rows: imported with what is wrong by row, the bad rows downloaded, all rows exported."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.catalog.dimensions import load
from assets.catalog.dimensions.load import ImportRefusedError, Loaded, Problems
from core.errors import HeddleError
from serving.studio.cells import told
from serving.studio.fields import AgainError, Errors, status_of
from serving.studio.forms import Form
from serving.studio.pages.dimension import get
from serving.studio.results import Result
from serving.studio.texts import MissingError
from serving.studio.visit import Visit, link

if TYPE_CHECKING:
    from starlette.responses import Response

MODES = ("upsert", "insert", "replace")
SHOWN = 500  # errors on the page; the file has all
ENDINGS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/octet-stream"}


def page(visit: Visit) -> str:
    """The form of `?name=`, and with `&result=` what the last import brought."""
    dimension = get(visit, visit["name"]).record
    found = visit.studio.results.get(visit["result"])
    return _form(visit, dimension.name, {}, {}, found if found and found.about == dimension.name else None)


def take(visit: Visit, form: Form) -> str:
    """Imports the file of the form; what is wrong with its rows is shown on the page it leads to.

    Raises:
        AgainError: there is no file, it is no such file, or the database refuses.
    """
    name, file = get(visit, form.get("name", "")).record.name, form.files.get("file")
    if file is None:
        raise AgainError(_form(visit, name, form, {"file": visit.say("e_no_file")}, None))
    with tempfile.TemporaryDirectory(prefix="heddle-import-") as folder:
        path, bad = Path(folder) / f"upload{_ending(file.name)}", Path(folder) / "rejected.csv"
        path.write_bytes(file.data)
        try:
            counts, problems = _load(visit, name, path, bad, form, file.name)
        except HeddleError as error:
            what = error.what.replace(str(path), file.name)
            field = "encoding" if "encoding" in what else "sheet" if "sheet" in what else "file"
            text = f"{what}. {visit.say('fix')}: {error.fix}" if error.fix else what
            raise AgainError(_form(visit, name, form, {field: text}, None), status_of(error)) from None
        rejected = bad.read_bytes() if bad.exists() else b""
    said = Result(name, file.name, bool(counts), counts, problems.errors[:SHOWN], problems.count, rejected)
    return link("/dimension/import", name=name, result=visit.studio.results.keep(said))


def rejected(visit: Visit) -> "Response":
    """The bad rows of an import as CSV, with what is wrong with each."""
    found = visit.studio.results.get(visit["result"])
    if found is None or not found.file:
        raise MissingError("")
    return _file(found.file, f"{found.about}.rejected.csv", "csv")


def export(visit: Visit) -> "Response":
    """All rows of `?name=` as `&format=`csv or xlsx, with the labels of `&language=` as header."""
    name, ending = get(visit, visit["name"]).record.name, visit.choice("format", *ENDINGS)
    with tempfile.TemporaryDirectory(prefix="heddle-export-") as folder, visit.studio.dimensions.table(name) as table:
        path = Path(folder) / f"{name}.{ending}"
        load.export(table, path, language=visit.choice("language", "", "en", "zh"))
        return _file(path.read_bytes(), path.name, ending)


def _load(
    visit: Visit, name: str, path: Path, bad: Path, form: Form, called: str
) -> tuple[dict[str, int], Problems]:  # fmt: skip
    """Counts, empty where the file was refused as a whole, and what is wrong."""
    mode: Any = form.get("mode") if form.get("mode") in MODES else MODES[0]
    try:
        done: Loaded = visit.studio.dimensions.load(
            name,
            path,
            visit.studio.who,
            mode=mode,
            skip_bad=form.get("skip_bad") == "1",
            encoding=form.get("encoding", "").strip(),
            sheet=form.get("sheet", "").strip(),
            rejects=bad,
            called=called,
        )
    except ImportRefusedError as error:
        return {}, error.problems
    return asdict(done.counts), done.problems


def _ending(name: str) -> str:
    """The suffix of a file's name as far as it can be one."""
    found = Path(name).suffix.lower()
    return found if found.removeprefix(".").isalnum() and len(found) < 8 else ".csv"


def _file(data: bytes, name: str, ending: str) -> "Response":
    from starlette.responses import Response

    return Response(data, 200, {"content-disposition": f'attachment; filename="{name}"'}, ENDINGS[ending])


def _form(visit: Visit, name: str, form: dict[str, str], errors: Errors, result: Result | None) -> str:
    return visit.page(
        "dimension_import.html",
        visit.say("import_into", what=name),
        name=name,
        dimension=get(visit, name).record,
        fields={f: form.get(f, "") for f in ("mode", "skip_bad", "encoding", "sheet")},
        errors=errors,
        modes=[(m, visit.say(f"mode_{m}")) for m in MODES],
        result=result,
        told=lambda message: told(message, visit.say.lang),
        rejected=link("/dimension/rejected", result=visit["result"]),
    )
