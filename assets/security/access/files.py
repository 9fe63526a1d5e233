"""The policy files of HEDDLE_PROTECTION, `access/*.yaml`: read once, and again when a file changed."""

import threading
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from assets.documents import loaded
from assets.security.access.model import AccessError, Person, Policy, PolicyFile, Rule
from core.settings import Settings

FOLDER = "access"
_Marks = tuple[tuple[str, int, int], ...]
_known: dict[Path, tuple[_Marks, Policy | None]] = {}
_lock = threading.Lock()


def load(settings: Settings) -> Policy | None:
    """The policy; None where no file is there, and so nothing is restricted.

    Raises:
        AccessError: a file is wrong; it names file, rule and field. Nothing is shown until it is right.
    """
    folder = settings.protection / FOLDER
    marks = _marks(folder)
    with _lock:
        if folder not in _known or _known[folder][0] != marks:
            _known.pop(folder, None)
            _known[folder] = (marks, _read([Path(m[0]) for m in marks]))
        return _known[folder][1]


def _marks(folder: Path) -> _Marks:
    """Each file with its moment of change and size."""
    found = sorted(p for pattern in ("*.yaml", "*.yml") for p in folder.glob(pattern)) if folder.exists() else []
    return tuple((str(p), (s := p.stat()).st_mtime_ns, s.st_size) for p in found)


def _read(files: list[Path]) -> Policy | None:
    if not files:
        return None
    people: dict[str, Person] = {}
    rules: dict[str, Rule] = {}
    default = "open"
    for path in files:
        found = _file(path)
        default = "deny" if found.default == "deny" else default
        for name, person in found.people.items():
            if name in people:
                raise AccessError(f"{path}: people.{name} is in another file too", "describe each person once")
            people[name] = person
        for rule in found.rules:
            if rule.id in rules:
                raise AccessError(
                    f"{path}: rule {rule.id} is there twice, in {rules[rule.id].file} too", "give one another id"
                )
            rules[rule.id] = rule
    return Policy.model_validate({"default": default, "people": people, "rules": tuple(rules.values())})


def _file(path: Path) -> PolicyFile:
    content = loaded(path, AccessError) or {}
    try:
        made = PolicyFile.model_validate(content)
        placed = [
            rule.model_copy(update={"file": path.name, "line": line})
            for rule, line in zip(made.rules, _lines(path), strict=True)
        ]
        for rule in placed:
            try:
                _ = rule.condition
            except AccessError as error:
                raise AccessError(f"{path}: rule {rule.id}, field rows: {error.what}", error.fix) from None
        return made.model_copy(update={"rules": tuple(placed)})
    except ValidationError as error:
        first = error.errors()[0]
        raise AccessError(f"{path}: {_place(content, first)}: {first['msg']}", _FIX) from None


def _lines(path: Path) -> list[int]:
    """The lines in which the rules of a file begin, that is one."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return [n.start_mark.line + 1 for name, rules in pairs if name.value == "rules" for n in rules.value]


_FIX = "see docs/access.md; `heddle access check` tells when it is right"


def _place(content: Any, error: Any) -> str:
    """`rule ID, field columns.phone`, as far as it is known."""
    place = [str(p) for p in error["loc"] if not str(p).startswith(("function-", "literal["))]
    if len(place) > 1 and place[0] == "rules" and place[1].isdigit():
        item = content["rules"][int(place[1])]
        name = item.get("id", f"number {int(place[1]) + 1}") if isinstance(item, dict) else f"number {place[1]}"
        return f"rule {name}, field {'.'.join(place[2:]) or 'rules'}"
    return f"field {'.'.join(place)}" if place else "the file"
