"""Check files of other tools as rules, with what could not be taken over."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.quality.rules.model import Action, Rule
from assets.quality.rules.registry import params_of
from core.errors import SourceError


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A check without a rule that means the same."""

    file: str
    line: int
    check: str
    why: str

    def __str__(self) -> str:
        """`checks.yml:12: avg(price) > 3: ...`."""
        return f"{self.file}:{self.line}: {self.check}: {self.why}"


@dataclass(slots=True)
class Imported:
    """Rules as proposals, and what is left out."""

    rules: list[Rule] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """One file being read."""

    path: Path
    table: str | None
    action: Action
    made: Imported = field(default_factory=Imported)

    def rule(
        self, kind: str, columns: list[str], params: Mapping[str, Any], line: int, check: str, table: str = ""
    ) -> None:
        """Adds a rule, or the reason why it is none."""
        try:
            rule = Rule.make(
                kind,
                self.table or table,
                columns,
                params,
                action="report" if kind in ("row_count", "fresh", "structure") else self.action,
                evidence=f"{self.path.name}:{line}: {check}",
            )
            params_of(rule)
        except SourceError as error:
            self.left(line, check, error.what)
            return
        if rule.id not in {r.id for r in self.made.rules if r.table == rule.table}:
            self.made.rules.append(rule)

    @contextmanager
    def readable(self, line: int, check: str) -> Iterator[None]:
        """Leaves a check out whose values are of another type than its words ask for: `min_value: many`."""
        try:
            yield
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            self.left(line, check, f"a value is of another type: {error}")

    def left(self, line: int, check: str, why: str) -> None:
        """Leaves a check out."""
        self.made.left_out.append(LeftOut(self.path.name, line, check, why))


def read(path: Path, table: str | None = None, action: str = "report") -> Imported:
    """The rules of a Soda checks file (`checks for ...`) or a Great Expectations suite (`expectations`).

    Args:
        table: whose rules they are, in place of what the file says.
        action: of rules about rows.

    Raises:
        SourceError: it is neither; the table is named nowhere.
    """
    from assets.quality.rules.exchange import expectations, soda

    content = _content(path)
    reading = Reading(path, table, "reject" if action == "reject" else "report")
    if isinstance(content, dict) and isinstance(content.get("expectations"), list):
        expectations.read(reading, content)
    elif isinstance(content, dict) and any(str(key).startswith("checks for ") for key in content):
        soda.read(reading, content)
    else:
        raise SourceError(
            f"{path} is neither a Soda checks file nor a Great Expectations suite",
            "it has to have `checks for TABLE:` or `expectations`",
        )
    return reading.made


def _content(path: Path) -> Any:
    """YAML, of which JSON is a part, with the lines where things stand."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8")
        return YAML(typ="rt").load(text.replace("\t", "  ") if path.suffix == ".json" else text)
    except (OSError, UnicodeDecodeError, YAMLError, RecursionError) as error:
        lines = str(error).strip().splitlines()
        raise SourceError(f"{path} cannot be read: {'; '.join(lines[:3])}", "correct the file") from None


def line_of(items: Any, place: Any) -> int:
    """The line (from 1) of an item of a list or mapping that ruamel read."""
    try:
        found = items.lc.item(place) if isinstance(place, int) else items.lc.key(place)
        return int(found[0]) + 1
    except (AttributeError, KeyError, TypeError, IndexError):
        return 0
