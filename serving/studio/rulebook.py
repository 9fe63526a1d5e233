"""Rule files as the reader may see them: tables, rules with their words, values of guarded columns hidden."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from assets.catalog.tags.kept import of_asset
from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Example, Rule
from assets.quality.rules.registry import kind
from core.errors import HeddleError
from serving.studio.studio import Studio
from serving.studio.texts import MissingError, Say, texts

HIDDEN = "•••"
LONGEST = 300  # characters of a parameter that are shown
LISTED = 12  # members of a list or a map that are shown
_QUOTED = re.compile(r"""(['"]).*?\1""")
_VALUES = ("mapping", "values", "kept", "corrections", "expression", "set", "value")  # parameters that are data


class Shown(NamedTuple):
    """A rule on a page.

    Attributes:
        means: one sentence.
        evidence: in words, without values that are not to be shown.
        params: name -> lines, cut short.
        text: all parameters as JSON, to be changed; "" where they hold values that are not to be shown.
        wrong: why the rule cannot run, or "".
    """

    rule: Rule
    means: str
    evidence: str
    params: Mapping[str, Sequence[str]]
    text: str
    examples: Sequence[Example]
    repairs: bool
    wrong: str


def files(studio: Studio) -> RuleFiles:
    """The folder of the settings."""
    return RuleFiles(studio.settings.quality)


def tables(studio: Studio) -> list[str]:
    """Tables with rules that the reader may see."""
    return sorted(filter(studio.shelf.listing().sees, files(studio).tables()))


def known(studio: Studio, table: str) -> RuleFiles:
    """The files, for a table with rules that the reader may see. Raises MissingError."""
    if table not in tables(studio):
        raise MissingError(table, [name for name in tables(studio) if table and table in name][:5])
    return files(studio)


def guarded(studio: Studio, table: str) -> set[str]:
    """Columns of which no value is shown."""
    return of_asset(studio.versions, table).tags.guarded()


def shown(rule: Rule, hidden: set[str], say: Say) -> Shown:
    """A rule as a page shows it."""
    wrong, repairs = "", False
    try:
        how = kind(rule.kind)
        how.read(rule)
        repairs = how.repairs
    except HeddleError as error:
        wrong = error.what
    private = bool(hidden & set(rule.columns))
    names = {"columns": ", ".join(rule.columns[:8]), "last": "".join(rule.columns[-1:]),
             "given": ", ".join(rule.columns[:-1])}  # fmt: skip
    means = say(f"rule_{rule.kind}", **names) if f"rule_{rule.kind}" in texts() else rule.kind
    params = {n: [HIDDEN] if private and n in _VALUES else _lines(v) for n, v in rule.params.items()}
    text = "" if private else json.dumps(rule.params, ensure_ascii=False, indent=1, default=str)
    examples = [_masked(example, hidden) for example in rule.effect.examples]
    evidence = _QUOTED.sub(f"'{HIDDEN}'", rule.evidence) if private else rule.evidence
    return Shown(rule, means, evidence, params, text, examples, repairs, wrong)


def _masked(example: Example, hidden: set[str]) -> Example:
    if example.column not in hidden:
        return example
    return example.model_copy(update={n: v and HIDDEN for n in ("before", "after") if (v := getattr(example, n))})


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping) and all(not isinstance(v, Mapping | list) for v in value.values()):
        lines = [f"{_text(k)} → {_text(v)}" for k, v in list(value.items())[:LISTED]]
    elif isinstance(value, list | tuple) and len(value) > 1:
        lines = [_text(v) for v in value[:LISTED]]
    else:
        return [_text(value)]
    return [*lines, "…"] if len(value) > LISTED else lines


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
