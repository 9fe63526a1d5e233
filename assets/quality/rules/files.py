"""Rule files: one YAML file per table, kept in git, changed by people and by several processes at once.

A change reads the file, changes the rules concerned and renames a new file in place, under the kernel's lock of
the folder. Comments, order and the spelling of untouched rules stay.
"""

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.quality.rules.log import Decision, append, read_log
from assets.quality.rules.model import Rule, Status
from assets.quality.rules.registry import params_of
from core.atomic import write_text
from core.errors import ConflictError, SourceError
from core.locks import locked
from core.naming import LAYERS
from core.slug import slug

_HOLDS = re.compile(r"^rules:", re.MULTILINE)
_STAGES = {kind: n for n, kind in enumerate(("normalise", "cast", "unit", "replace", "dependency"))}
_MEASURED = ("confidence", "evidence", "effect")


class RuleFiles:
    """The rules of all tables.

    Args:
        folder: setting `quality`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, table: str) -> Path:
        """The file of a table: `raw/shop/orders` in `raw__shop__orders.yaml`, `Orders 1.csv` in `orders_1_csv.yaml`."""
        parts = table.split("/")
        plain = len(parts) == 3 and parts[0] in LAYERS and all(p == slug(p) for p in parts)
        return self.folder / f"{'__'.join(parts) if plain else slug(table)}.yaml"

    def tables(self) -> dict[str, Path]:
        """Tables with a file of rules, and its path; other files of the folder are left alone."""
        found = [
            path for path in sorted(self.folder.glob("*.yaml")) if _HOLDS.search(path.read_text("utf-8", "replace"))
        ]
        return {str(_table(path)): path for path in found}

    def read(self, table: str) -> list[Rule]:
        """The rules of a table in the order of the file; none where there is no file.

        Raises:
            SourceError: the file is no YAML, is of another table, or a field is wrong; names rule and field.
        """
        path = self.path(table)
        return _rules(_loaded(path), path, table) if path.exists() else []

    def accepted(self, table: str) -> list[Rule]:
        """The accepted rules of a table."""
        return [rule for rule in self.read(table) if rule.status == "accepted"]

    def digest(self, table: str) -> str:
        """A hash of what the accepted rules demand; changes of proposals, notes and comments do not change it."""
        demands = [rule.model_dump(mode="json", include=set(_DEMANDS)) for rule in self.accepted(table)]
        return hashlib.sha256(repr(demands).encode()).hexdigest()[:16] if demands else ""

    def merge(self, table: str, rules: Sequence[Rule]) -> list[Rule]:
        """Puts proposals into the file; returns those that are new.

        A rule that is there keeps what people decided and wrote; evidence, effect and confidence are brought up to
        date while it is proposed. New ones are put in the order in which repairs help each other: forms, then values,
        then what depends on them.
        """
        new: list[Rule] = []

        def change(items: Any) -> None:
            known = {item["id"]: item for item in items}
            for rule in sorted(rules, key=lambda r: _STAGES.get(r.kind, len(_STAGES))):
                item = known.get(rule.id)
                if item is None:
                    items.append(_plain(rule))
                    known[rule.id] = items[-1]
                    new.append(rule)
                elif item.get("status", "proposed") == "proposed":
                    fresh = _plain(rule)
                    item.update({name: fresh[name] for name in _MEASURED if name in fresh})

        if rules:
            self._change(table, change)
        return new

    def decide(
        self,
        table: str,
        ids: Sequence[str],
        status: Status,
        by: str,
        *,
        note: str = "",
        action: str = "",
        params: Mapping[str, Any] | None = None,
        expected: str = "",
    ) -> list[Rule]:
        """Accepts or refuses rules, with who and when; also in the log.

        Args:
            action: changes what is done with rows that break them; "" leaves it.
            params: other parameters for the rules, which keep their ids; None leaves them.
            expected: `mark` of the file that the decision was made of; "" for any.

        Raises:
            SourceError: there is no such rule, or it cannot be so.
            ConflictError: the file is another one by now.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        lines: list[Decision] = []

        def change(items: Any) -> None:
            if expected and expected != self.mark(table):
                raise ConflictError(f"the rules of {table} were changed meanwhile", "look at them again, then decide")
            known = {item["id"]: item for item in items}
            for name in ids:
                if name not in known:
                    close = ", ".join(list(known)[:20]) or "none"
                    raise SourceError(f"{table}: there is no rule {name!r}", f"there are: {close}")
                item = known[name]
                was = Rule.read({"table": table} | _bare(item), f"rule {name}")
                said = {"status": status, "by": by, "at": at}
                said |= ({"note": note} if note else {}) | ({"action": action} if action else {})
                item.update(said | ({} if params is None else {"params": dict(params)}))
                rule = Rule.read({"table": table} | _bare(item), f"rule {name}")
                if status == "accepted":
                    params_of(rule)
                lines.append(Decision.of(was, rule))

        self._change(table, change)
        append(self.path(table), lines)
        return [rule for rule in self.read(table) if rule.id in ids]

    def mark(self, table: str) -> str:
        """What tells one state of a table's file from another; "" where there is none."""
        path = self.path(table)
        return hashlib.sha256(path.read_bytes()).hexdigest()[:24] if path.exists() else ""

    def decisions(self, table: str) -> list[Decision]:
        """What was decided on the rules of a table, the last first."""
        return read_log(self.path(table))

    def _change(self, table: str, change: Callable[[Any], None]) -> None:
        """One read, change and write, alone among processes."""
        path = self.path(table)
        with locked(self.folder):
            content = _loaded(path) if path.exists() else {"table": table, "rules": []}
            if path.exists():
                _rules(content, path, table)
            if content["rules"] is None:
                content["rules"] = []
            change(content["rules"])
            text = _dumped(content)
            _rules(_parsed(text, path), path, table)
            write_text(path, text)


_DEMANDS = ("id", "kind", "columns", "params", "action")


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _parsed(text: str, path: Path) -> Any:
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.events import AliasEvent

    try:
        if "*" in text and any(isinstance(event, AliasEvent) for event in _yaml().parse(text)):
            raise SourceError(f"{path}: an alias (*name) is not read", "write the value out")
        content = _yaml().load(text)
    except (YAMLError, RecursionError) as error:
        lines = str(error).strip().splitlines()
        raise SourceError(f"{path} is no YAML: {'; '.join(lines[:4])}", "correct the file") from None
    if not isinstance(content, dict) or set(content) != {"table", "rules"}:
        raise SourceError(f"{path}: holds no table and rules", "write the fields `table` and `rules`")
    return content


def _loaded(path: Path) -> Any:
    try:
        return _parsed(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}", "correct the file") from None


def _dumped(content: Any) -> str:
    out = io.StringIO()
    _yaml().dump(content, out)
    return out.getvalue()


def _table(path: Path) -> str:
    return str(_loaded(path)["table"])


def _rules(content: Any, path: Path, table: str) -> list[Rule]:
    if content["table"] != table:
        raise SourceError(f"{path}: field table: is {content['table']!r}", f"write {table!r}, or rename the file")
    items = content["rules"] or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SourceError(f"{path}: field rules: is no list of rules", "write a list of mappings")
    found = [
        Rule.read({"table": table} | _bare(item), f"{path}: rule {item.get('id', number)}")
        for number, item in enumerate(items, 1)
    ]
    ids = [rule.id for rule in found]
    twice = next((i for i in ids if ids.count(i) > 1), None)
    if twice:
        raise SourceError(f"{path}: there are two rules {twice}", "remove one of them, or give it another id")
    return found


def _bare(value: Any) -> Any:
    """What ruamel read as plain values of Python."""
    from ruamel.yaml.scalarbool import ScalarBoolean

    if isinstance(value, dict):
        return {str(k): _bare(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_bare(v) for v in value]
    if isinstance(value, ScalarBoolean):
        return bool(value)
    for plain in (int, float, str):
        if isinstance(value, plain) and type(value) not in (plain, bool):
            return plain(value)
    return value


def _plain(rule: Rule) -> dict[str, Any]:
    """As it is written: what differs from the default, and always what people decide on."""
    content = rule.model_dump(mode="json", exclude_defaults=True, exclude={"table"})
    return content | {"action": rule.action, "confidence": round(rule.confidence, 4), "status": rule.status}
