"""What changed between two versions of a transformation or job, in the words of the file: steps, options, hops.

White space, tag order, entities and empty tags make no difference. Where steps stand on the canvas, and who saved the
file when, is told apart from what changes the run.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from assets.kettle.files.flatten import BETWEEN, ORDER, flatten, masked
from assets.kettle.model import ErrorHandling, Job, Options, Transformation

SIMILAR = 0.6  # from this on a removed and an added step of the same type are one that was renamed

_STAMPS = ("created_user", "created_date", "modified_user", "modified_date")
_DRAWING = ("GUI", "xloc", "yloc", "draw")
_NODE = (*_DRAWING, "name", "type", "nr", "distribute", "copies", "copies_string", "parallel")
_ELSEWHERE = ("entries", "actions", "hops", "notepads", "connection", "parameters", "name", "name_sync_with_filename")
_GRAPH = ("info", "step", "transform", "order", "step_error_handling", "transform_error_handling")


@dataclass(frozen=True, slots=True)
class OptionChange:
    """One option: "" is absent. Passwords show as `***` on both sides."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NodeChange:
    """One step, entry or connection.

    Attributes:
        change: added, removed, renamed or changed; a renamed one may have changed options too.
        was: its former name when renamed.
    """

    name: str
    type: str
    change: str
    was: str = ""
    options: tuple[OptionChange, ...] = ()


@dataclass(frozen=True, slots=True)
class HopChange:
    """One hop: added, removed, or what changed about it (enabled, disabled, condition, order)."""

    source: str
    target: str
    change: str


@dataclass(frozen=True, slots=True)
class Move:
    """A step or entry that stands elsewhere on the canvas."""

    name: str
    before: tuple[str, str]
    after: tuple[str, str]


@dataclass(slots=True)
class Diff:
    """The differences, the parts that change the run first. `steps` of a job are its entries."""

    name: str
    steps: list[NodeChange] = field(default_factory=list)
    hops: list[HopChange] = field(default_factory=list)
    connections: list[NodeChange] = field(default_factory=list)
    parameters: list[OptionChange] = field(default_factory=list)
    settings: list[OptionChange] = field(default_factory=list)
    notes: list[OptionChange] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    stamps: list[OptionChange] = field(default_factory=list)

    @property
    def same_run(self) -> bool:
        """Whether nothing changed that a run could notice."""
        return not (self.steps or self.hops or self.connections or self.parameters or self.settings)

    @property
    def empty(self) -> bool:
        """Whether nothing at all changed."""
        return self.same_run and not (self.notes or self.moves or self.stamps)


@dataclass(frozen=True, slots=True)
class _Node:
    """A step, entry or connection as it is compared."""

    type: str
    options: dict[str, str]
    place: tuple[str, str] = ("", "")


_Hops = dict[tuple[str, str], tuple[bool, str]]


def diff(before: Transformation | Job, after: Transformation | Job, *, layout: bool = True) -> Diff:
    """The differences from `before` to `after`; without `layout` moves, notes and stamps are left out."""
    old, new = _nodes(before), _nodes(after)
    renamed = _renames(old, new, _hops(before), _hops(after))
    found = Diff(
        name=after.name,
        steps=_compare(old, new, renamed),
        hops=_compare_hops(_hops(before), _hops(after), renamed),
        connections=_compare(_connections(before), _connections(after), {}),
        parameters=_changes(_parameters(before), _parameters(after)),
        settings=_changes(_settings(before), _settings(after)),
    )
    if layout:
        found.notes = _changes(_notes(before), _notes(after))
        found.moves = [
            Move(name, old[was].place, new[name].place)
            for name, was in ((n, renamed.get(n, n)) for n in new)
            if was in old and old[was].place != new[name].place
        ]
        found.stamps = _changes(_stamps(before), _stamps(after))
    return found


def _nodes(model: Transformation | Job) -> dict[str, _Node]:
    """Steps or entries by name; entries drawn several times carry their number."""
    if isinstance(model, Job):
        return {
            _entry_name(entry.name, entry.nr): _node(entry.type, entry.options, {"parallel": "Y" * entry.parallel})
            for entry in model.entries
        }
    return {
        step.name: _node(
            step.type,
            step.options,
            {"distribute": "Y" if step.distribute else "N", "copies": step.copies}
            | {f"error handling/{name}": value for name, value in _error(step.error).items()},
        )
        for step in model.steps.values()
    }


def _node(type_id: str, options: Options, more: Mapping[str, str]) -> _Node:
    texts = flatten(options.element, _NODE) | {path: text for path, text in more.items() if text}
    return _Node(type_id, texts, (options.text("GUI/xloc", "xloc"), options.text("GUI/yloc", "yloc")))


def _error(handling: ErrorHandling | None) -> dict[str, str]:
    """The error handling by attribute; one that is switched off is none."""
    if handling is None or not handling.enabled:
        return {}
    return {name: text for name, text in asdict(handling).items() if isinstance(text, str) and name != "source"}


def _entry_name(name: str, nr: int) -> str:
    return f"{name} ({nr})" if nr else name


def _hops(model: Transformation | Job) -> _Hops:
    """Hops by their ends: whether enabled, and the condition of a job's hop."""
    if isinstance(model, Job):
        return {
            (_entry_name(hop.source, hop.source_nr), _entry_name(hop.target, hop.target_nr)): (
                hop.enabled,
                "always" if hop.unconditional else "on success" if hop.evaluation else "on failure",
            )
            for hop in model.hops
        }
    return {(hop.source, hop.target): (hop.enabled, "") for hop in model.hops}


def _connections(model: Transformation | Job) -> dict[str, _Node]:
    elements = model.document.root.findall("connection")
    return {
        element.findtext("name") or "": _Node(element.findtext("type") or "", flatten(element, ("name", "type")))
        for element in elements
    }


def _parameters(model: Transformation | Job) -> dict[str, str]:
    texts = {f"{parameter.name}/default": parameter.default for parameter in model.parameters}
    return texts | {f"{p.name}/description": p.description for p in model.parameters if p.description}


def _settings(model: Transformation | Job) -> dict[str, str]:
    """What is said of the whole file, in <info> and beside it."""
    beside = flatten(model.document.root, (*_ELSEWHERE, *_STAMPS, *_GRAPH))
    return beside | flatten(model.info.element, (*_ELSEWHERE, *_STAMPS, *_GRAPH)) | {"name": model.name}


def _stamps(model: Transformation | Job) -> dict[str, str]:
    return {tag: model.info.text(tag) for tag in _STAMPS}


def _notes(model: Transformation | Job) -> dict[str, str]:
    notes = Options(model.document.root).rows("notepads/notepad")
    return {f"note {number}": note.text("note") for number, note in enumerate(notes, 1)}


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[OptionChange]:
    changes = []
    for path in dict.fromkeys([*before, *after]):
        was, now = before.get(path, ""), after.get(path, "")
        if path.endswith(ORDER):
            was, now = _common_order(was, now)
        if was != now or ((path in before) != (path in after) and not path.endswith(ORDER)):
            changes.append(OptionChange(path, masked(path, was), masked(path, now)))
    return changes


def _common_order(before: str, after: str) -> tuple[str, str]:
    """The names that both lists have, in the order of each."""
    first, second = before.split(BETWEEN), after.split(BETWEEN)
    return ", ".join(n for n in first if n in second), ", ".join(n for n in second if n in first)


def _compare(old: Mapping[str, _Node], new: Mapping[str, _Node], renamed: Mapping[str, str]) -> list[NodeChange]:
    """`renamed` is new name -> old name."""
    changes = [
        NodeChange(name, node.type, "removed")
        for name, node in old.items()
        if name not in new and name not in renamed.values()
    ]
    for name, node in new.items():
        was = renamed.get(name, name)
        if was not in old:
            changes.append(NodeChange(name, node.type, "added", options=tuple(_changes({}, node.options))))
            continue
        options = tuple(_changes({"type": old[was].type} | old[was].options, {"type": node.type} | node.options))
        if was != name:
            changes.append(NodeChange(name, node.type, "renamed", was, options))
        elif options:
            changes.append(NodeChange(name, node.type, "changed", options=options))
    return changes


def _compare_hops(old: _Hops, new: _Hops, renamed: Mapping[str, str]) -> list[HopChange]:
    """Hops with the steps' present names, then the arrows whose order out of one entry changed (it rules a job)."""
    present = {was: name for name, was in renamed.items()}
    earlier = {(present.get(s, s), present.get(t, t)): value for (s, t), value in old.items()}
    changes = [HopChange(*ends, "removed") for ends in earlier if ends not in new]
    for ends, (enabled, condition) in new.items():
        if ends not in earlier:
            changes.append(HopChange(*ends, f"added {condition}".strip() + ("" if enabled else ", disabled")))
            continue
        was_enabled, was_condition = earlier[ends]
        if enabled != was_enabled:
            changes.append(HopChange(*ends, "enabled" if enabled else "disabled"))
        if condition != was_condition:
            changes.append(HopChange(*ends, f"{was_condition} -> {condition}"))
    return changes + _reordered(earlier, new)


def _reordered(old: _Hops, new: _Hops) -> list[HopChange]:
    both_old = [ends for ends in old if ends in new]
    both_new = [ends for ends in new if ends in old]
    changes = []
    for source in dict.fromkeys(ends[0] for ends in both_new):
        first = [target for s, target in both_old if s == source]
        now = [target for s, target in both_new if s == source]
        if first != now:
            changes.append(HopChange(source, ", ".join(now), "order"))
    return changes


def _renames(old: Mapping[str, _Node], new: Mapping[str, _Node], hops: _Hops, new_hops: _Hops) -> dict[str, str]:
    """New name -> old name of steps that are the same but for the name, the most similar first."""
    scores = [
        (_similarity(old[was], new[name], _neighbours(was, hops), _neighbours(name, new_hops)), name, was)
        for was in old
        if was not in new
        for name in new
        if name not in old and new[name].type == old[was].type
    ]
    renamed: dict[str, str] = {}
    for score, name, was in sorted(scores, key=lambda item: (-item[0], item[1], item[2])):
        if score >= SIMILAR and name not in renamed and was not in renamed.values():
            renamed[name] = was
    return renamed


def _similarity(old: _Node, new: _Node, near_old: set[str], near_new: set[str]) -> float:
    """Share of options and neighbours that two steps have in common, 0 to 1; standing in one place counts as one."""
    first = {*old.options.items(), *(("hop", n) for n in near_old), ("place", ",".join(old.place))}
    second = {*new.options.items(), *(("hop", n) for n in near_new), ("place", ",".join(new.place))}
    return len(first & second) / len(first | second)


def _neighbours(name: str, hops: _Hops) -> set[str]:
    return {f"< {s}" for s, t in hops if t == name} | {f"> {t}" for s, t in hops if s == name}


def render(found: Diff) -> str:
    """The differences as text, a line for each; "" when there are none."""
    lines: list[str] = []
    for title, nodes in (("step", found.steps), ("connection", found.connections)):
        for node in nodes:
            was = f" (was {node.was!r})" if node.was else ""
            lines.append(f"{node.change} {title} {node.name!r} [{node.type}]{was}")
            if node.change != "added":
                lines += [f"  {_line(option)}" for option in node.options]
    lines += [f"hop {hop.source!r} -> {hop.target!r}: {hop.change}" for hop in found.hops]
    for title, options in (("parameter", found.parameters), ("setting", found.settings), ("", found.notes)):
        lines += [f"{title} {_line(option)}".strip() for option in options]
    lines += [f"moved {move.name!r}: {','.join(move.before)} -> {','.join(move.after)}" for move in found.moves]
    lines += [_line(option) for option in found.stamps]
    return "\n".join(lines)


def _line(option: OptionChange) -> str:
    if option.before and option.after:
        return f"{option.path}: {option.before!r} -> {option.after!r}"
    return f"{option.path}: + {option.after!r}" if option.after else f"{option.path}: - {option.before!r}"
