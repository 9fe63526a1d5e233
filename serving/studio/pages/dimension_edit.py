"""A dimension table defined: columns, types, key and the database it lives in; its DDL shown, then run."""

from collections.abc import Mapping
from typing import Any

from assets.catalog.attributes.model import Value
from assets.catalog.dimensions.model import KIND, TYPES, Dimension
from assets.catalog.scan.sources import load_sources
from core.errors import ConflictError, HeddleError
from core.hashing import digest
from serving.studio import attributes
from serving.studio.cells import told
from serving.studio.fields import AgainError, Errors, by_field, checked, status_of
from serving.studio.forms import Form
from serving.studio.pages.dimension import get
from serving.studio.pages.save import expected
from serving.studio.visit import Visit, link

TOP = ("name", "source", "schema_name", "table", "label.en", "label.zh", "description", "owner")
COLUMN = ("name", "type", "label.en", "label.zh", "comment", "key", "required")
WORDS = ("name", "label.en", "label.zh", "comment")  # a line that has none of them is empty
EMPTY, MORE, MOST = 5, 5, 200  # columns of a new form, that come on top, and of a table
SHOWN_TYPES = ("text(50)", "integer", "number(12,2)", "float", "boolean", "date", "timestamp")


def page(visit: Visit) -> str:
    """The form of `?name=`; without a name, of a new dimension."""
    if not visit["name"]:
        return _form(visit, {}, EMPTY, 0)
    kept = get(visit, visit["name"])
    own = attributes.fields(attributes.defined(visit.studio, KIND), kept.record.attributes)
    return _form(visit, _typed(kept.record) | own, len(kept.record.columns), kept.number)


def save(visit: Visit, form: Form) -> str:
    """Writes the definition of the form; the table is made on the next page.

    Raises:
        AgainError: a field is wrong, more columns are wanted, or somebody else changed the definition meanwhile.
    """
    number = expected(form)
    shown = min(int(form["lines"]) if form.get("lines", "").isdecimal() else EMPTY, MOST)
    fields = {k: v.strip() for k, v in form.items()}
    if form.get("what") == "more":
        raise AgainError(_form(visit, fields, min(shown + MORE, MOST), number), 200)
    dimension, errors = _dimension(visit, fields, shown)
    if dimension is not None:
        errors = _refused(visit, dimension, number)
    if dimension is None or errors:
        raise AgainError(_form(visit, fields, shown, number, errors))
    try:
        visit.studio.dimensions.define(dimension, visit.studio.who, number)
    except HeddleError as error:
        wrong = by_field(error, TOP, visit.say)
        if isinstance(error, ConflictError):
            wrong = {"": visit.say("e_conflict")} if number else {"name": visit.say("e_taken")}
        raise AgainError(_form(visit, fields, shown, number, wrong), status_of(error)) from None
    return link("/dimension" if number else "/dimension/create", name=dimension.name)


def review(visit: Visit) -> str:
    """Shows the DDL of the dimension of `?name=`."""
    return _reviewed(visit, get(visit, visit["name"]).record, "")


def create(visit: Visit, form: Form) -> str:
    """Runs the DDL that was shown.

    Raises:
        AgainError: the definition changed since, or the database refuses.
    """
    dimension = get(visit, form.get("name", "")).record
    if form.get("shown") != digest(_ddl(visit, dimension)):
        raise AgainError(_reviewed(visit, dimension, visit.say("e_conflict")), 409)
    try:
        visit.studio.dimensions.create(dimension.name, visit.studio.who)
    except HeddleError as error:
        raise AgainError(_reviewed(visit, dimension, error.what), status_of(error)) from None
    return link("/dimension", name=dimension.name)


def _ddl(visit: Visit, dimension: Dimension) -> list[str]:
    return [s.sql for s in dimension.ddl(visit.studio.dimensions.dialect(dimension))]


def _reviewed(visit: Visit, dimension: Dimension, problem: str) -> str:
    statements, back = _ddl(visit, dimension), link("/dimension", name=dimension.name)
    return visit.page(
        "review.html",
        visit.say("create_table"),
        crumbs=[("/dimensions", visit.say("dimension_tables")), (back, dimension.name)],
        says=visit.say("ddl_runs", source=dimension.source),
        statements=[(sql, "") for sql in statements],
        action="/dimension/create",
        hidden={"name": dimension.name, "shown": digest(statements)},
        button=visit.say("create_table"),
        back=back,
        problem=problem,
    )


def _dimension(visit: Visit, fields: Mapping[str, str], shown: int) -> tuple[Dimension | None, Errors]:
    """The dimension of a form, or what is wrong; lines without a name are left out."""
    say = visit.say
    lines = [
        n for n in range(shown) if any(fields.get(f"c{n}.{f}") for f in ("name", "label.en", "label.zh", "comment"))
    ]
    columns: list[dict[str, Any]] = []
    for n in lines:
        given = {f: fields.get(f"c{n}.{f}", "") for f in COLUMN}
        label = {"en": given["label.en"], "zh": given["label.zh"]}
        own: dict[str, Any] = {"name": given["name"], "type": given["type"] or "text", "label": label}
        columns.append(own | {"required": given["required"] == "1", "comment": given["comment"]})
    key = [fields[f"c{n}.name"] for n in lines if fields.get(f"c{n}.key") == "1"]
    content = {f: fields.get(f, "") for f in TOP if "." not in f}
    label = {"en": fields.get("label.en", ""), "zh": fields.get("label.zh", "")}
    known, former = attributes.defined(visit.studio, KIND), _former(visit, fields.get("name", ""))
    values, unfit = attributes.taken(known, fields, former, say)
    whole = content | {"label": label, "columns": columns, "key": key, "attributes": values}
    made, errors = checked(whole, Dimension, say)
    return None if unfit else made, unfit | {
        _placed(field, lines): told(text, say.lang) for field, text in errors.items()
    }


def _placed(field: str, lines: list[int]) -> str:
    """`columns.1.type` as the form names it, where lines without a name were left out."""
    parts = field.split(".")
    if parts[0] == "columns" and len(parts) > 2:
        return f"c{lines[int(parts[1])]}.{'.'.join(parts[2:])}"
    return field


def _refused(visit: Visit, dimension: Dimension, number: int) -> Errors:
    """What the source does not take, and changes of a table that is there already."""
    book = visit.studio.dimensions
    try:
        dialect = book.dialect(dimension)
        now = dimension.info(dialect)
    except HeddleError as error:
        return {"source": error.what}
    made = any((v.document or {}).get("action") == "create" for v in book.log(dimension.name))
    if number and made and book.records.get(dimension.name).record.info(dialect) != now:
        return {"columns": visit.say("e_table_there")}
    return {}


def _former(visit: Visit, name: str) -> Mapping[str, Value]:
    """The attributes that the record has; those that are not defined any more are in no form and stay."""
    known = visit.studio.dimensions.records.readable()[0]
    return known[name].attributes if name in known else {}


def _typed(dimension: Dimension) -> dict[str, str]:
    """A dimension as the form holds it."""
    found = {f: str(getattr(dimension, f)) for f in TOP if "." not in f}
    found |= {"label.en": dimension.label.en, "label.zh": dimension.label.zh}
    for n, c in enumerate(dimension.columns):
        own = {"name": c.name, "type": c.type, "label.en": c.label.en, "label.zh": c.label.zh, "comment": c.comment}
        ticks = {"key": c.name in dimension.key, "required": c.required}
        found |= {f"c{n}.{f}": v for f, v in own.items()} | {f"c{n}.{f}": "1" for f, v in ticks.items() if v}
    return found


def _form(visit: Visit, fields: Mapping[str, str], shown: int, number: int, errors: Errors | None = None) -> str:
    known = attributes.defined(visit.studio, KIND)
    names = [*TOP, *attributes.fields(known, {}), *(f"c{n}.{f}" for n in range(shown) for f in COLUMN)]
    return visit.page(
        "dimension_edit.html",
        visit.say("edit_what", what=fields.get("name", "")) if number else visit.say("new_dimension"),
        fields=dict.fromkeys(names, "") | dict(fields),
        shown=shown,
        number=number,
        errors=errors or {},
        sources=_sources(visit),
        types=SHOWN_TYPES,
        defined=known,
        ways=attributes,
    )


def _sources(visit: Visit) -> list[tuple[str, str]]:
    """Sources that can hold dimension tables, with their engine."""
    found = [("", "–")]
    for source in load_sources(visit.studio.settings):
        probe = Dimension(name="x", source=source.name, table="x", columns=({"name": "x"},), key=("x",))  # type: ignore[arg-type]
        try:
            dialect = visit.studio.dimensions.dialect(probe)
        except HeddleError:
            continue
        if dialect in TYPES:
            found.append((source.name, f"{source.name} ({dialect})"))
    return found
