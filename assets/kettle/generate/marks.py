"""The mark of generated steps: a group `heddle` in Kettle's own `<attributes>`, which Spoon keeps when it saves."""

import hashlib
from collections.abc import Mapping
from typing import Any

from assets.kettle.files.flatten import flatten
from assets.kettle.files.new import element
from assets.kettle.model import Options, StepNode, Transformation

GROUP = "heddle"
_OWN = (
    *("GUI", "attributes", "name", "description", "distribute", "custom_distribution", "copies"),
    *("partitioning", "cluster_schema", "remotesteps"),
)


def mark_of(step: StepNode) -> dict[str, str]:
    """The marks of a step: part, role, made (digest), ends, sides; {} for a step made by hand."""
    for group in step.options.rows("attributes/group"):
        if group.text("name") == GROUP:
            return {a.text("key"): a.text("value") for a in group.rows("attribute")}
    return {}


def set_mark(step: Any, marks: Mapping[str, str]) -> None:
    """Puts the marks into a `<step>` element."""
    holder = step.find("attributes")
    values = [("attribute", [("key", key), ("value", value)]) for key, value in sorted(marks.items())]
    holder.append(element("group", [("name", GROUP), *values]))


def parts(model: Transformation) -> dict[str, dict[str, str]]:
    """Part -> role -> name of the step, in the file's order."""
    found: dict[str, dict[str, str]] = {}
    for step in model.steps.values():
        marks = mark_of(step)
        if marks.get("part"):
            found.setdefault(marks["part"], {})[marks.get("role", "")] = step.name
    return found


def digest(step: Any, names: Mapping[str, str]) -> str:
    """What a step's own settings are, whatever its place on the canvas and the names of its part's steps (by role)."""
    roles = {name: f"\x00{role}" for role, name in names.items()}
    texts = {path: roles.get(text, text) for path, text in flatten(step, _OWN).items() if text}
    content = "\x1e".join(f"{path}\x1f{text}" for path, text in sorted(texts.items()))
    kind = Options(step).text("type")
    return hashlib.sha256(f"{kind}\x1e{content}".encode()).hexdigest()[:16]


def edited(model: Transformation, part_id: str) -> list[str]:
    """The steps of a part that somebody has changed since they were made."""
    names = parts(model).get(part_id, {})
    steps = [model.steps[name] for name in names.values()]
    return [s.name for s in steps if digest(s.options.element, names) != mark_of(s).get("made")]
