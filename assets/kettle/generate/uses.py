"""Which steps behind an input use one of its columns, and in which option; renames on the way are followed."""

import re
from dataclasses import dataclass

from assets.kettle.files.flatten import ORDER, flatten
from assets.kettle.model import Options, StepNode, Transformation

_OWN = (
    *("name", "type", "description", "GUI", "attributes", "partitioning", "cluster_schema", "remotesteps"),
    *("copies", "distribute", "custom_distribution", "connection", "schema", "table"),
)
# options that hold values, types and settings, never the name of an incoming field
_VALUES = {
    *("text", "source_value", "target_value", "non_match_default", "nullif", "default", "value", "type", "value_type"),
    *(
        "calc_type",
        "data_type",
        "trim_type",
        "format",
        "function",
        "operator",
        "conversion_mask",
        "mask",
        "column_name",
    ),
    *("replace_string", "replace_by_string", "error_description", "error_code", "join_type", "checksumtype", "rename"),
    *("resultfieldName", "target_field", "out_stream_name", "field_name", "variable", "validation_name", "aggregate"),
}
# options with code, in which a field is one word among others
_CODE = re.compile(r"script|formula|java_expression|sql|condition$|class_source", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Use:
    """An option of a step that names the column (under the name it has there)."""

    step: str
    type: str
    path: str


def uses(model: Transformation, start: str, column: str) -> list[Use]:
    """The uses of a column that leaves the step `start`, in the order of the flow.

    A text that merely equals the name in an option which is not known to hold values counts too: better one use too
    many than one too few.
    """
    carried: dict[str, set[str]] = {start: {column.lower()}}
    found: dict[Use, None] = {}
    waiting = [start]
    while waiting:
        step = waiting.pop(0)
        for target in dict.fromkeys(h.target for h in model.hops if h.enabled and h.source == step):
            node = model.steps[target]
            found |= dict.fromkeys(_named(node, carried[step]))
            leaving = _leaving(node, carried[step])
            if not leaving <= carried.get(target, set()):
                carried[target] = carried.get(target, set()) | leaving
                waiting.append(target)
    return list(found)


def _named(node: StepNode, names: set[str]) -> list[Use]:
    return [
        Use(node.name, node.type, path)
        for path, text in flatten(node.options.element, _OWN).items()
        if not path.endswith(ORDER) and _holds(path, text.lower(), names)
    ]


def _holds(path: str, text: str, names: set[str]) -> bool:
    tag = path.rpartition("/")[2].partition("[")[0]
    if _CODE.search(tag):
        return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)
    return text in names and tag not in _VALUES


def _leaving(node: StepNode, names: set[str]) -> set[str]:
    """The names that the column has behind a step; only Select values takes them away or changes them."""
    if node.type != "SelectValues":
        return names
    options: Options = node.options
    selected = options.rows("fields/field")
    if selected:
        new = {o.text("name").lower(): o.text("rename", default=o.text("name")).lower() for o in selected}
        unspecified = options.flag("fields/select_unspecified")
        names = {new.get(name, name) for name in names if name in new or unspecified}
    names = names - {o.text("name").lower() for o in options.rows("fields/remove")}
    meta = {
        o.text("name").lower(): o.text("rename", default=o.text("name")).lower() for o in options.rows("fields/meta")
    }
    return {meta.get(name, name) for name in names}
