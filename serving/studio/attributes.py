"""A company's own attributes on pages and in forms; their fields are called `a.NAME`."""

from collections.abc import Mapping

from assets.catalog.attributes.model import Attribute, Value, of_kind, readable
from serving.studio.fields import Errors
from serving.studio.forms import Form
from serving.studio.studio import Studio
from serving.studio.texts import Say

PREFIX = "a."
MOST = 100  # attributes whose fields a form takes


def defined(studio: Studio, kind: str) -> dict[str, Attribute]:
    """The attributes that an entity of a kind may have; none while attributes.yaml is wrong."""
    return of_kind(readable(studio.settings.catalog_files), kind)


def label(attribute: Attribute, say: Say) -> str:
    """What it is called, by its name where it is called nothing."""
    return say.of(attribute.label.model_dump()) or attribute.name.replace("_", " ")


def options(attribute: Attribute, say: Say) -> list[tuple[str, str]]:
    """The values of a choice with what they are called; nothing comes first."""
    return [("", "–"), *((c.value, say.of(c.label.model_dump()) or c.value) for c in attribute.choices)]


def shown(known: Mapping[str, Attribute], values: Mapping[str, Value], say: Say) -> list[tuple[str, str]]:
    """(label, value) of what an entity has, also of what is no longer defined."""
    found = []
    for name, value in values.items():
        attribute = known.get(name)
        choices = dict(options(attribute, say)) if attribute else {}
        text = _text(value)
        if isinstance(value, bool):
            text = say("yes") if value else say("no")
        found.append((label(attribute, say) if attribute else name, choices.get(text, text)))
    return found


def fields(known: Mapping[str, Attribute], values: Mapping[str, Value]) -> dict[str, str]:
    """The fields of a form, as texts."""
    return {PREFIX + name: _text(values[name]) if name in values else "" for name in known}


def sent(form: Form) -> dict[str, str]:
    """What a form says of attributes, by their names; "" takes one away."""
    said = {name.removeprefix(PREFIX): text for name, text in form.items() if name.startswith(PREFIX)}
    return dict(list(said.items())[:MOST])


def taken(
    known: Mapping[str, Attribute], form: Mapping[str, str], former: Mapping[str, Value], say: Say
) -> tuple[dict[str, Value], Errors]:
    """The attributes after a form of a whole record, and what is wrong with each field."""
    values, errors = {name: v for name, v in former.items() if name not in known}, {}
    for name, attribute in known.items():
        text = form.get(PREFIX + name, "").strip()
        if not text and attribute.required:
            errors[PREFIX + name] = say("e_empty")
        try:
            values |= {name: attribute.parse(text)} if text else {}
        except ValueError as error:
            errors[PREFIX + name] = str(error)
    return values, errors


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
