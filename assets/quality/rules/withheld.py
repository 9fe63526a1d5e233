"""What of a proposal may stand in a rule file, which goes to git: no value of a column about persons."""

import re
from collections.abc import Collection

from assets.quality.rules.model import Rule

HIDDEN = "***"
_DATA = ("mapping", "values", "corrections", "expression")  # parameters without which the rule says nothing
_QUOTED = re.compile(r"""(?P<sign>['"‘“]).*?(?:(?P=sign)|[’”])""")


def withheld(rule: Rule, sensitive: Collection[str]) -> Rule | None:
    """The proposal without values of sensitive columns; None where it consists of them, as a value map does.

    A dependency that names values which are right all the same only reports without them: repaired, more cells would
    change than were proposed.
    """
    if not set(sensitive) & set(rule.columns):
        return rule
    if any(rule.params.get(name) for name in _DATA):
        return None
    evidence = _QUOTED.sub(lambda found: f"{found['sign']}{HIDDEN}{found['sign']}", rule.evidence)
    if "kept" not in rule.params:
        return rule.model_copy(update={"evidence": evidence})
    params = {name: value for name, value in rule.params.items() if name != "kept"}
    return Rule.make(rule.kind, rule.table, rule.columns, params, action="report", confidence=rule.confidence,
                     evidence=evidence, effect=rule.effect)  # fmt: skip
