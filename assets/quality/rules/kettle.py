"""Rules that keep rows as Filter rows steps."""

from collections.abc import Sequence

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings
from assets.kettle.generate.conditions import Condition, Not, condition_settings
from assets.kettle.generate.part import Made, Part, Role
from assets.kettle.generate.sinks import Sink, ToDummy, sink_step
from assets.kettle.generate.texts import operation, replacement
from assets.quality.rules.expressions import Types
from assets.quality.rules.model import Rule


def kept(
    rule: Rule, right: Condition, types: Types, rejects: Sink | None, *, unknown: bool = True
) -> Sequence[Part] | None:
    """Rows for which `right` is false go to `rejects`, and with `unknown=False` also those for which it is null.

    Nothing for a rule that only reports; None where the condition has no form over these types, and for repairs.
    """
    if rule.action != "reject":
        return None if rule.action == "repair" else []
    wrong = Not(right)
    try:
        compared = condition_settings(wrong if unknown else right, types)
    except KettleError:
        return None
    first, second = ("rejected", "accepted") if unknown else ("accepted", "rejected")
    settings: Settings = [("send_true_to", Role(first)), ("send_false_to", Role(second)), ("compare", compared)]
    steps = (
        Made("filter", f"{rule.id}: filter", "FilterRows", settings),
        Made("accepted", f"{rule.id}: accepted", "Dummy"),
        sink_step(rejects or ToDummy(), "rejected", f"{rule.id}: rejected"),
    )
    return [Part(rule.id, steps, (("filter", "accepted"), ("filter", "rejected")), "filter", "accepted")]


def operations(form: str, columns: Sequence[str]) -> tuple[str, Settings] | None:
    """Step type and settings for a form of `normalise`; None where Kettle has no step that gives the same."""
    if form in ("lower", "upper"):
        return "StringOperations", [("fields", [("field", operation(c, case=form)) for c in columns])]
    replaced = _REPLACED.get(form)
    if replaced is None:
        return None
    lines = [("field", replacement(c, *pair, case=False)) for c in columns for pair in replaced]
    return "ReplaceString", [("fields", lines)]


_BLANK = r"[ \t\n\r\f\x0B]"
_REPLACED: dict[str, tuple[tuple[str, str], ...]] = {
    "trim": ((f"^{_BLANK}+|{_BLANK}+$", ""),),
    "collapse": ((f"{_BLANK}+", " "),),
    "no_controls": ((r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\u200B-\u200D\uFEFF]", ""),),
}
