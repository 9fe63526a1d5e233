"""Hops that change their ends, with the places where steps name the steps before and behind them."""

from typing import Any

from assets.kettle.errors import KettleError
from assets.kettle.files.edit import insert, remove, set_text
from assets.kettle.files.new import element
from assets.kettle.files.read import refresh
from assets.kettle.generate.part import Errors
from assets.kettle.model import Hop, Transformation

# where a step of the type names the steps that it sends rows to
TARGET_TAGS = {
    "FilterRows": ("send_true_to", "send_false_to"),
    "JavaFilter": ("send_true_to", "send_false_to"),
    "SwitchCase": ("cases/case/target_step", "default_target_step"),
    "TransExecutor": ("execution_result_target_step", "result_rows_target_step", "result_files_target_step"),
}
# where a step of the type names the steps that it takes rows from
SOURCE_TAGS = {
    "MergeJoin": ("step1", "step2"),
    "MergeRows": ("reference", "compare"),
    "StreamLookup": ("from",),
    "FuzzyMatch": ("from",),
    "Append": ("head_name", "tail_name"),
    "JoinRows": ("main",),
    "TableInput": ("lookup",),
    "Validator": ("validator_field/sourcing_step",),
    "PrioritizeStreams": ("steps/step/name",),
    "XMLJoin": ("targetXMLstep", "sourceXMLstep"),
}


def reaim(model: Transformation, hop: Hop, source: str, target: str) -> None:
    """Gives a hop other ends; what its two steps say of each other, and an error handling, follow.

    Where the source changes, only the target's words on it are changed, and the other way round.
    """
    found = _hop_element(model, hop)
    found.find("from").text, found.find("to").text = source, target
    if target != hop.target:
        _rename(model, hop.source, TARGET_TAGS, hop.target, target)
        for error in model.document.root.iterfind("step_error_handling/error"):
            if _same(error, "source_step", hop.source) and _same(error, "target_step", hop.target):
                error.find("target_step").text = target
    if source != hop.source:
        rename_source(model, hop.target, hop.source, source)
    refresh(model)


def rename_source(model: Transformation, step: str, old: str, new: str) -> None:
    """Lets a step that names a step before it name another one instead."""
    _rename(model, step, SOURCE_TAGS, old, new)


def names_targets(model: Transformation, step: str) -> bool:
    """Whether the step chooses by name where rows go."""
    node = model.steps[step]
    return any(text for path in TARGET_TAGS.get(node.type, ()) for text in node.options.texts(path))


def normal_targets(model: Transformation, step: str) -> list[Hop]:
    """The enabled hops out of a step without that of its error handling."""
    error = model.steps[step].error
    rejected = error.target.lower() if error is not None and error.enabled else None
    return [h for h in model.hops if h.enabled and _is(h.source, step) and h.target.lower() != rejected]


def copy_rows(model: Transformation, step: str) -> None:
    """Lets a step give all its rows to each of its targets, before it gets one more. Raises KettleError.

    A step with one target does the same before and after; one that deals its rows out to several would not.
    """
    others = normal_targets(model, step)
    node = model.steps[step]
    if names_targets(model, step):
        raise KettleError(f"step {step!r} chooses where its rows go", "take the side stream from a step behind it")
    if not others or not node.distribute:
        return
    if len(others) > 1:
        raise KettleError(f"step {step!r} deals its rows out to several steps", "put a step in between, or let it copy")
    set_text(model, step, "distribute", "N")


def set_errors(model: Transformation, sources: set[str], wanted: list[Errors], names: dict[str, str]) -> None:
    """Brings the error handling of these steps in line; an element that says the same already stays as it is."""
    holder = model.document.root.find("step_error_handling")
    if holder is None:
        holder = element("step_error_handling", "")
        root = model.document.root
        insert(root, root.index(root.findall("step")[-1]) + 1, holder)
    new = {names[errors.source].lower(): errors.settings(names) for errors in wanted}
    for error in list(holder.iterfind("error")):
        name = (error.findtext("source_step") or "").lower()
        if name in new and [(c.tag, c.text or "") for c in error] == list(new[name]):
            del new[name]
        elif name in new or name in {s.lower() for s in sources}:
            remove(error)
    for settings in new.values():
        insert(holder, len(holder), element("error", settings))
    refresh(model)


def _hop_element(model: Transformation, hop: Hop) -> Any:
    for found in model.document.root.iterfind("order/hop"):
        if _same(found, "from", hop.source) and _same(found, "to", hop.target):
            return found
    raise KettleError(f"there is no hop from {hop.source!r} to {hop.target!r}", "name one that is there")


def _rename(model: Transformation, step: str, table: dict[str, tuple[str, ...]], old: str, new: str) -> None:
    node = model.steps.get(step)
    if node is None:
        return
    for path in table.get(node.type, ()):
        for found in node.options.element.iterfind(path):
            if _is(found.text or "", old):
                found.text = new


def _same(holder: Any, tag: str, name: str) -> bool:
    return _is(holder.findtext(tag) or "", name)


def _is(a: str, b: str) -> bool:
    return a.lower() == b.lower()
