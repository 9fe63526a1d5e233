"""Puts a part into a transformation, or brings the one that is there up to date; all else keeps its bytes."""

import itertools
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from assets.kettle.errors import KettleError
from assets.kettle.files.edit import add_hop, add_step, remove_hop, remove_step, replace_step
from assets.kettle.files.new import new_step
from assets.kettle.files.write import copied
from assets.kettle.generate.canvas import positions
from assets.kettle.generate.marks import digest, edited, mark_of, parts, set_mark
from assets.kettle.generate.part import Made, Part, resolved
from assets.kettle.generate.wiring import copy_rows, names_targets, normal_targets, reaim, rename_source, set_errors
from assets.kettle.model import Hop, Transformation

_KEPT = ("description", "copies", "GUI")


@dataclass(frozen=True, slots=True)
class Between:
    """On the hop from one step to another."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class After:
    """Behind a step: all its hops (but that of its error handling) then leave from the part."""

    step: str


@dataclass(frozen=True, slots=True)
class Before:
    """Before a step: all hops that lead to it then lead to the part."""

    step: str


Spot = Between | After | Before


@dataclass(frozen=True, slots=True)
class _Ends:
    """A part that is there: its first and last step, and the hops from and to other steps at these."""

    entry: str
    exit: str
    incoming: list[Hop]
    outgoing: list[Hop]


def put(model: Transformation, part: Part, at: Spot | None = None, *, overwrite: bool = False) -> Transformation:
    """A copy of the model with the part in it.

    A part of that id which is there already stays where it is (`at` is not looked at): its steps keep name, place on
    the canvas, copies and description, and a step with the same settings keeps its bytes. New parts stand unconnected
    when no spot is given.

    Args:
        overwrite: also steps of the part that were changed by hand since.

    Raises:
        KettleError: the spot or a step on the side is not there; a step was changed by hand; a Hop file.
    """
    if model.kind != "ktr":
        raise KettleError(f"{model.name} is a Hop file", "steps are generated into .ktr files")
    result = copied(model)
    for name, _ in part.sides:
        _known(result, name)
    old = parts(result).get(part.id, {})
    changed = edited(result, part.id)
    if changed and not overwrite:
        what = f"the generated steps {', '.join(map(repr, changed))} were changed by hand"
        raise KettleError(what, "take the change into the rule, or say that it may be overwritten")
    ends = _ends(result, old) if old else None
    known = _between(result, old) if old else set()
    names = _names(result, part, old)
    _steps(result, part, names, old, at if ends is None else None)
    if ends is None and at is not None:
        _connect(result, names[part.entry], names[part.exit], at)
    if ends is not None:
        _reconnect(result, ends, names[part.entry], names[part.exit])
    _hops(result, part, names, known)
    sources = {*old.values(), *names.values()}
    if part.errors or any(result.steps[name].error is not None for name in sources):
        set_errors(result, sources, list(part.errors), names)
    for role in [role for role in old if role not in names]:
        remove_step(result, old[role])
    return result


def take_out(model: Transformation, part_id: str) -> Transformation:
    """A copy of the model without the part: what came into it goes on to what came after it. Raises KettleError."""
    result = copied(model)
    old = parts(result).get(part_id)
    if not old:
        raise KettleError(f"{model.name}: there is no part {part_id!r}", f"there are: {', '.join(parts(result))}")
    ends = _ends(result, old)
    for hop in ends.incoming:
        for number, later in enumerate(ends.outgoing):
            if number == 0:
                reaim(result, hop, hop.source, later.target)
            else:
                add_hop(result, hop.source, later.target)
            rename_source(result, later.target, ends.exit, hop.source)
    for name in old.values():
        remove_step(result, name)
    return result


def _known(model: Transformation, name: str) -> str:
    """The step's name as the file spells it. Raises KettleError."""
    found = next((n for n in model.steps if n.lower() == name.lower()), None)
    if found is None:
        raise KettleError(f"{model.name}: there is no step {name!r}", f"there are: {', '.join(model.steps)}")
    return found


def _ends(model: Transformation, old: dict[str, str]) -> _Ends:
    marks = {name: mark_of(model.steps[name]) for name in old.values()}
    entry = next((name for name, m in marks.items() if "entry" in m.get("ends", "")), "")
    last = next((name for name, m in marks.items() if "exit" in m.get("ends", "")), "")
    inside = set(old.values())
    side = {source for name, m in marks.items() if name == entry for source in m.get("sides", "").split("\n")}
    incoming = [h for h in model.hops if h.target == entry and h.source not in inside | side]
    outgoing = [h for h in model.hops if h.source == last and h.target not in inside]
    return _Ends(entry, last, incoming, outgoing)


def _between(model: Transformation, old: dict[str, str]) -> set[tuple[str, str]]:
    """The hops that belong to the part: those within it and those of its side streams."""
    inside = set(old.values())
    sides = {(s, name) for name in inside for s in mark_of(model.steps[name]).get("sides", "").split("\n") if s}
    return {(h.source, h.target) for h in model.hops if {h.source, h.target} <= inside} | sides


def _names(model: Transformation, part: Part, old: dict[str, str]) -> dict[str, str]:
    """Role -> name: the present one, else the wished one with a number when it is taken."""
    taken = {name.lower() for name in model.steps}
    names = {}
    for made in part:
        name = old.get(made.role)
        if name is None:
            wished = itertools.chain([made.name], (f"{made.name} {n}" for n in itertools.count(2)))
            name = next(w for w in wished if w.lower() not in taken)
            taken.add(name.lower())
        names[made.role] = name
    return names


def _steps(model: Transformation, part: Part, names: dict[str, str], old: dict[str, str], at: Spot | None) -> None:
    """Adds the new steps, replaces the changed ones."""
    left = _known(model, at.source if isinstance(at, Between) else at.step) if isinstance(at, Between | After) else ""
    right = _known(model, at.target if isinstance(at, Between) else at.step) if isinstance(at, Between | Before) else ""
    if old and part.entry in old:
        left = old[part.entry]
    places = positions(model, part, old, left, right)
    for made in part:
        x, y = places.get(made.role, (0, 0))
        fresh = new_step(names[made.role], made.type, resolved(made.settings, names), x=x, y=y, distribute=False)
        marks = _marks(part, made, names, fresh)
        set_mark(fresh, marks)
        if made.role not in old:
            add_step(model, fresh)
            continue
        node = model.steps[names[made.role]]
        if mark_of(node) == marks and digest(node.options.element, names) == marks["made"]:
            continue
        for tag in _KEPT:
            present = node.options.element.find(tag)
            if present is not None:
                kept = deepcopy(present)
                fresh.replace(fresh.find(tag), kept)
                kept.tail = None
        replace_step(model, names[made.role], fresh)


def _marks(part: Part, made: Made, names: dict[str, str], fresh: Any) -> dict[str, str]:
    marks = {"part": part.id, "role": made.role, "made": digest(fresh, names)}
    ends = [word for word, role in (("entry", part.entry), ("exit", part.exit)) if role == made.role]
    sides = [source for source, role in part.sides if role == made.role]
    return marks | ({"ends": " ".join(ends)} if ends else {}) | ({"sides": "\n".join(sides)} if sides else {})


def _hops(model: Transformation, part: Part, names: dict[str, str], known: set[tuple[str, str]]) -> None:
    """Draws the hops within the part and those of the side streams; takes out those of its own no longer wanted."""
    sides = {(_known(model, source), names[role]) for source, role in part.sides}
    wanted = [(names[a], names[b]) for a, b in part.hops] + sorted(sides)
    there = {(h.source, h.target) for h in model.hops}
    for hop in sorted(known & there - set(wanted)):
        remove_hop(model, *hop)
    for source, target in wanted:
        if (source, target) not in there:
            if (source, target) in sides:
                copy_rows(model, source)
            add_hop(model, source, target)


def _connect(model: Transformation, entry: str, last: str, at: Spot) -> None:
    """Leads the stream through the part."""
    if isinstance(at, Between):
        source, target = _known(model, at.source), _known(model, at.target)
        hop = next((h for h in model.hops if (h.source, h.target) == (source, target)), None)
        if hop is None:
            raise KettleError(f"there is no hop from {source!r} to {target!r}", "name one that is there")
        _lead_through(model, hop, entry, last)
    elif isinstance(at, After):
        step = _known(model, at.step)
        later = normal_targets(model, step)
        if names_targets(model, step):
            raise KettleError(f"step {step!r} chooses where its rows go", "name the hop")
        for hop in later:
            reaim(model, hop, last, hop.target)
        add_hop(model, step, entry)
    else:
        step = _known(model, at.step)
        for hop in [h for h in model.hops if h.target == step and h.enabled]:
            reaim(model, hop, hop.source, entry)
            rename_source(model, step, hop.source, last)
        add_hop(model, last, step)


def _lead_through(model: Transformation, hop: Hop, entry: str, last: str) -> None:
    """The hop then ends at the part, and one like it goes on from there."""
    reaim(model, hop, hop.source, entry)
    rename_source(model, hop.target, hop.source, last)
    add_hop(model, last, hop.target, enabled=hop.enabled)


def _reconnect(model: Transformation, ends: _Ends, entry: str, last: str) -> None:
    """Where the first or last step of the part is another one now, the hops follow."""
    if entry != ends.entry:
        for hop in ends.incoming:
            reaim(model, hop, hop.source, entry)
    if last != ends.exit:
        for hop in ends.outgoing:
            reaim(model, hop, last, hop.target)
