"""Rows of a dimension table: added, changed and removed under an optimistic lock; all of them cleared."""

from collections.abc import Mapping

from assets.catalog.dimensions.model import Dimension
from assets.catalog.dimensions.table import DimensionRow
from assets.catalog.dimensions.values import cell
from core.errors import ConflictError, HeddleError
from serving.studio.cells import told
from serving.studio.fields import AgainError, Errors, by_field, status_of
from serving.studio.forms import Form
from serving.studio.pages.dimension import get
from serving.studio.texts import MissingError
from serving.studio.visit import Visit, link

LONG = 80  # characters from which a text gets several lines
VALUE, KEY = "v.", "k."


def page(visit: Visit) -> str:
    """The form of the row whose key is `?name=&k.COLUMN=`; without a key, of a new row."""
    dimension = get(visit, visit["name"]).record
    key = visit.given(KEY)
    if not key:
        return _form(visit, dimension, dict.fromkeys(dimension.names, ""), {}, "")
    row = _row(visit, dimension, key)
    return _form(visit, dimension, _texts(row), key, row.version)


def save(visit: Visit, form: Form) -> str:
    """Adds the row of the form, or changes it when it has a version.

    Raises:
        AgainError: a value is wrong, or somebody else changed the row meanwhile.
    """
    studio, dimension = visit.studio, get(visit, form.get("name", "")).record
    values, key, version = _given(form, VALUE), _given(form, KEY), form.get("version", "")
    if errors := _wrong(dimension, values, visit.say.lang):
        raise AgainError(_form(visit, dimension, values, key, version, errors))
    cells = {name: text or None for name, text in values.items()}
    try:
        if key:
            studio.dimensions.change(dimension.name, {**key}, cells, version, studio.who)
        else:
            studio.dimensions.add(dimension.name, cells, studio.who)
    except HeddleError as error:
        wrong, now = by_field(error, dimension.names, visit.say), {}
        if isinstance(error, ConflictError):
            wrong = {"": visit.say("e_conflict")} if key else {dimension.key[0]: visit.say("e_key_there")}
            now = _texts(_row(visit, dimension, key)) if key else {}
        raise AgainError(_form(visit, dimension, values, key, version, wrong, now), status_of(error)) from None
    return link("/dimension", name=dimension.name)


def confirm(visit: Visit) -> str:
    """Asks whether the row of `?name=&k.COLUMN=` is to be removed."""
    dimension = get(visit, visit["name"]).record
    return _asked(visit, dimension, _row(visit, dimension, visit.given(KEY)), "")


def remove(visit: Visit, form: Form) -> str:
    """Removes a row as it was shown.

    Raises:
        AgainError: somebody else changed it meanwhile; it is shown as it is now.
    """
    studio, dimension, key = visit.studio, get(visit, form.get("name", "")).record, _given(form, KEY)
    try:
        studio.dimensions.remove(dimension.name, {**key}, form.get("version", ""), studio.who)
    except ConflictError:
        now = _row(visit, dimension, key)
        raise AgainError(_asked(visit, dimension, now, visit.say("e_conflict_row")), 409) from None
    return link("/dimension", name=dimension.name)


def confirm_clear(visit: Visit) -> str:
    """Asks whether all rows of `?name=` are to go; its name is to be typed."""
    return _asked_all(visit, get(visit, visit["name"]).record, "")


def clear(visit: Visit, form: Form) -> str:
    """Removes all rows.

    Raises:
        AgainError: another name was typed, or the database refuses.
    """
    studio, dimension = visit.studio, get(visit, form.get("name", "")).record
    if form.get("typed", "").strip() != dimension.name:
        raise AgainError(_asked_all(visit, dimension, visit.say("e_other_name", what=dimension.name)))
    try:
        studio.dimensions.clear(dimension.name, dimension.name, studio.who)
    except HeddleError as error:
        raise AgainError(_asked_all(visit, dimension, error.what), status_of(error)) from None
    return link("/dimension", name=dimension.name)


def _asked(visit: Visit, dimension: Dimension, row: DimensionRow, problem: str) -> str:
    said = ", ".join(f"{name}: {value}" for name, value in row.values.items() if value is not None)
    return _confirmed(
        visit, dimension, visit.say("remove_row"), said, "/dimension/remove", visit.say("remove"), problem,
        {"version": row.version} | {KEY + k: row.values[k] or "" for k in dimension.key},
    )  # fmt: skip


def _asked_all(visit: Visit, dimension: Dimension, problem: str) -> str:
    with visit.studio.dimensions.table(dimension.name) as table:
        says = visit.say("clear_says", n=f"{table.count():,}", what=dimension.name)
    title = visit.say("clear_what", what=dimension.name)
    return _confirmed(
        visit, dimension, title, says, "/dimension/clear", visit.say("clear"), problem, {}, dimension.name
    )


def _confirmed(
    visit: Visit, dimension: Dimension, title: str, says: str, action: str, button: str, problem: str,
    hidden: Mapping[str, str], typed: str = "",
) -> str:  # fmt: skip
    return visit.page(
        "confirm.html", title, says=says, action=action, hidden={"name": dimension.name} | dict(hidden), button=button,
        back=link("/dimension", name=dimension.name), typed=typed, problem=problem,
    )  # fmt: skip


def _row(visit: Visit, dimension: Dimension, key: Mapping[str, str]) -> DimensionRow:
    try:
        with visit.studio.dimensions.table(dimension.name) as table:
            return table.get({**key})
    except HeddleError as error:
        if "there is no row" in error.what:
            raise MissingError(", ".join(key.values())) from None
        raise


def _texts(row: DimensionRow) -> dict[str, str]:
    return {name: value or "" for name, value in row.values.items()}


def _given(form: Form, prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): text for name, text in form.items() if name.startswith(prefix)}


def _wrong(dimension: Dimension, values: Mapping[str, str], language: str) -> Errors:
    """What is wrong with each value."""
    found: Errors = {}
    for column in dimension.columns:
        try:
            cell(values.get(column.name), column, dimension.key)
        except ValueError as error:
            found[column.name] = told(str(error), language)
    return found


def _form(
    visit: Visit, dimension: Dimension, values: Mapping[str, str], key: Mapping[str, str], version: str,
    errors: Errors | None = None, now: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    return visit.page(
        "dimension_row.html",
        visit.say("edit_what", what=", ".join(key.values())) if key else visit.say("new_row"),
        dimension=dimension,
        values=dict.fromkeys(dimension.names, "") | dict(values),
        key=key,
        version=version,
        errors=errors or {},
        now=now or {},
        long=LONG,
        again=link("/dimension/row", name=dimension.name, **{KEY + k: v for k, v in key.items()}),
    )
