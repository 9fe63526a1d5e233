"""What a policy does with each column of a table: by its own word, by tags that people decided, by content."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from assets.catalog.tags.vocabulary import PERSONAL
from assets.security.protect.base import Params, Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.keys import Keyring
from assets.security.protect.policy import Policy, Use
from assets.security.sensitive.classes import SensitiveClass, builtin

if TYPE_CHECKING:
    import polars as pl

    from assets.catalog.tags.kept import Tags
    from assets.security.protect.vault import Vault


class Decision(NamedTuple):
    """What happens to a column.

    Attributes:
        class_: what it was found to be, "" for nothing.
        why: what decided, in words.
        named: the policy names the column itself.
    """

    column: str
    class_: str
    use: Use
    params: Params
    domain: str
    why: str
    named: bool = False

    @property
    def protected(self) -> bool:
        """Whether anything is done."""
        return self.use.method != "pass"

    def scope(self, policy: Policy, keys: Keyring | None, vault: "Vault | None") -> Scope:
        """Where its values are protected alike."""
        return Scope(policy.purpose, self.domain, self.class_, keys, vault)


def decide(policy: Policy, table: str, sample: "pl.DataFrame", tags: "Tags | None" = None) -> list[Decision]:
    """One decision for each column, in their order.

    Args:
        sample: rows of the table, some thousands spread over all of it.
        tags: what people decided; a refused tag takes a class away, an accepted one gives it.

    Raises:
        ProtectionError: the policy names a column that is not there, or there are no rows to decide by.
    """
    from assets.security.sensitive.columns import decide as look

    if sample.is_empty():
        raise ProtectionError("there are no rows to see by what has to be protected", "give some")
    said = policy.table(table).columns
    missing = [name for name in said if name not in sample.columns]
    if missing:
        what = f"policy {policy.name}, tables.{table}.columns.{missing[0]}: the table has no such column"
        raise ProtectionError(what, f"its columns are {', '.join(sample.columns)}")
    findings = look({c.name: c for c in sample.get_columns()})
    found = []
    for column in sample.columns:
        class_, why = _class(findings.get(column), _decided(tags, column))
        found.append(_decision(policy, table, column, class_, why, said.get(column)))
    return found


def _decided(tags: "Tags | None", column: str) -> Mapping[str, str]:
    return {} if tags is None else {name: tag.state for name, tag in tags.columns.get(column, {}).items()}


def _class(finding: object, decided: Mapping[str, str]) -> tuple[SensitiveClass | None, str]:
    from assets.security.sensitive.columns import Finding

    classes = builtin()
    for name, state in decided.items():
        class_ = _of_tag(name)
        if class_ is not None and state in ("accepted", "inherited"):
            return class_, f"tag {name} {state}"
    if not isinstance(finding, Finding) or decided.get(f"{PERSONAL}{finding.class_}") == "refused":
        return None, ""
    return classes[finding.class_], f"{finding.by}, {finding.confidence:.0%}"


def _of_tag(name: str) -> SensitiveClass | None:
    classes = builtin()
    short = name.removeprefix(PERSONAL)
    return (classes.all.get(short) or classes.by_type.get(short)) if name.startswith(PERSONAL) else None


def _decision(
    policy: Policy, table: str, column: str, class_: SensitiveClass | None, why: str, said: Use | None
) -> Decision:
    name = class_.name if class_ is not None else ""
    if said is not None:
        use, why = said, f"named in the policy{f'; {why}' if why else ''}"
    elif class_ is not None and class_.level >= policy.level:
        use = policy.of_class(class_)
    else:
        use, why = policy.unnamed, why or "nothing sensitive found"
    params = use.read(f"policy {policy.name}, {table}.{column}")
    return Decision(column, name, use, params, use.domain or name or "others", why, said is not None)
