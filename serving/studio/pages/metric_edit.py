"""A metric record made, edited under its version, and deleted after it was confirmed; errors beside their fields."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assets.catalog.attributes.model import Value
from assets.catalog.metrics.model import KIND, Measure, MetricRecord
from core.errors import ConflictError, HeddleError
from serving.studio import attributes
from serving.studio.fields import AgainError, Errors, by_field, checked, status_of
from serving.studio.forms import Form
from serving.studio.pages.metric import get
from serving.studio.pages.save import expected, listed_in
from serving.studio.visit import Visit, link

AGGREGATIONS = ("sum", "count", "count_distinct", "average", "min", "max", "median")
FIELDS = ("name", "label.en", "label.zh", "calibre", "kind", "measure", "measure.model", "measure.agg", "measure.expr",
          "filter", "expression", "dimensions", "owner", "status")  # fmt: skip


def page(visit: Visit) -> str:
    """The form of `?name=`; without a name, of a new record."""
    if not visit["name"]:
        own = attributes.fields(attributes.defined(visit.studio, KIND), {})
        return _form(visit, dict.fromkeys(FIELDS, "") | {"status": "draft"} | own, 0)
    kept = get(visit.studio.metrics, visit["name"])
    own = attributes.fields(attributes.defined(visit.studio, KIND), kept.record.attributes)
    return _form(visit, _typed(kept.record) | own, kept.number)


def save(visit: Visit, form: Form) -> str:
    """Writes the record of the form.

    Raises:
        AgainError: a field is wrong, or somebody else changed the record meanwhile.
    """
    number = expected(form)
    known = attributes.defined(visit.studio, KIND)
    fields = {name: form.get(name, "").strip() for name in (*FIELDS, *attributes.fields(known, {}))}
    record, errors = _record(visit, fields)
    if record is None:
        raise AgainError(_form(visit, fields, number, errors))
    try:
        visit.studio.metrics.put(record, visit.studio.who, number, "edited" if number else "created")
    except HeddleError as error:
        told = by_field(error, FIELDS, visit.say)
        if isinstance(error, ConflictError):
            told = {"": visit.say("e_conflict")} if number else {"name": visit.say("e_taken")}
        raise AgainError(_form(visit, fields, number, told), status_of(error)) from None
    return link("/metric", name=record.name)


def confirm(visit: Visit) -> str:
    """Asks whether the record of `?name=` is to be deleted."""
    kept = get(visit.studio.metrics, visit["name"])
    return _asked(visit, kept.record.name, kept.number, "")


def delete(visit: Visit, form: Form) -> str:
    """Deletes a record that was confirmed; its versions stay.

    Raises:
        AgainError: others are made of it, or somebody changed it meanwhile.
    """
    name, number = form.get("name", ""), expected(form)
    get(visit.studio.metrics, name)
    try:
        visit.studio.metrics.remove(name, visit.studio.who, number)
    except HeddleError as error:
        told = visit.say("e_conflict") if isinstance(error, ConflictError) else f"{error.what}. {error.fix}"
        raise AgainError(_asked(visit, name, number, told), status_of(error)) from None
    return link("/metrics")


def _asked(visit: Visit, name: str, number: int, problem: str) -> str:
    return visit.page(
        "confirm.html",
        visit.say("delete_what", what=name),
        says=visit.say("delete_metric"),
        action="/metric/delete",
        hidden={"name": name, "version": number},
        button=visit.say("delete"),
        back=link("/metric", name=name),
        typed="",
        problem=problem,
    )


def _record(visit: Visit, fields: Mapping[str, str]) -> tuple[MetricRecord | None, Errors]:
    errors: Errors = {}
    measure: Any = fields["measure"]
    own = {name: fields[f"measure.{name}"] for name in ("model", "agg", "expr")}
    if own["model"] or own["expr"]:
        if measure:
            errors["measure"] = visit.say("e_one_measure")
        measure, wrong = checked(own, Measure, visit.say, "measure.")
        errors |= wrong
    label = {"en": fields["label.en"], "zh": fields["label.zh"]}
    plain = {n: fields[n] for n in ("name", "calibre", "kind", "filter", "expression", "owner", "status")}
    content: dict[str, Any] = plain | {
        "label": label,
        "measure": measure or "",
        "dimensions": listed_in(fields["dimensions"]),
    }
    known, former = attributes.defined(visit.studio, KIND), _former(visit, fields["name"])
    content["attributes"], unfit = attributes.taken(known, fields, former, visit.say)
    record, wrong = checked(content, MetricRecord, visit.say)
    errors = wrong | errors | unfit
    return (None if errors else record), errors


def _former(visit: Visit, name: str) -> Mapping[str, Value]:
    """The attributes that the record has; those that are not defined any more are in no form and stay."""
    known = visit.studio.metrics.records.readable()[0]
    return known[name].attributes if name in known else {}


def _typed(record: MetricRecord) -> dict[str, str]:
    """The record as the form holds it."""
    found = {"label.en": record.label.en, "label.zh": record.label.zh, "dimensions": ", ".join(record.dimensions)}
    own = record.measure if isinstance(record.measure, Measure) else None
    found |= {f"measure.{n}": str(getattr(own, n)) if own else "" for n in ("model", "agg", "expr")}
    found["measure"] = "" if own else str(record.measure)
    plain = ("name", "calibre", "kind", "filter", "expression", "owner", "status")
    return found | {name: str(getattr(record, name)) for name in plain}


def _form(visit: Visit, fields: Mapping[str, str], number: int, errors: Errors | None = None) -> str:
    return visit.page(
        "metric_edit.html",
        visit.say("edit_what", what=fields["name"]) if number else visit.say("new_metric"),
        fields=fields,
        number=number,
        errors=errors or {},
        aggregations=[(a, a) for a in AGGREGATIONS],
        choices=_choices(),
        defined=attributes.defined(visit.studio, KIND),
        ways=attributes,
    )


def _choices() -> dict[str, Sequence[str]]:
    """What the fields may name, as dbt's project says."""
    from assets.tables.specs import PREPARED, SEMANTICS, load

    load()  # prepares again if the dbt project has changed
    models = json.loads((PREPARED / SEMANTICS).read_text(encoding="utf-8"))["semantic_models"]
    return {
        "model": [m["name"] for m in models if m["measures"]],
        "measure": sorted(measure["name"] for m in models for measure in m["measures"]),
        "dimension": sorted({d["name"] for m in models for d in m["dimensions"] if d["type"] == "categorical"}),
    }
