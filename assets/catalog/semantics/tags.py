"""Tags proposed from the meaning of columns: how sensitive they are and what they are about, for a person to accept.

Nothing is written here. A refused meaning (corrections.py) proposes nothing any more.
"""

from collections.abc import Mapping

from assets.catalog.model import Meaning, Value
from assets.catalog.semantics.registry import Registry
from assets.catalog.semantics.spec import Sensitivity

ORDER = tuple(Sensitivity)


class Proposal(Value):
    """A tag for a column, or for the table when `column` is "": with confidence and reason."""

    column: str
    tag: str
    value: str
    confidence: float
    reason: str


def propose(meanings: Mapping[str, Meaning | None], types: Registry) -> tuple[Proposal, ...]:
    """`meaning` and `sensitivity` for each column, and for the table the highest sensitivity of its columns."""
    found = []
    for column, meaning in meanings.items():
        if meaning is None:
            continue
        reason = "; ".join(meaning.evidence)
        found.append(
            Proposal(column=column, tag="meaning", value=meaning.type, confidence=meaning.confidence, reason=reason)
        )
        level = types.sensitivity(meaning.type)
        if level is not Sensitivity.NONE:
            said = f"{meaning.type} is {level.value}"
            found.append(
                Proposal(
                    column=column, tag="sensitivity", value=level.value, confidence=meaning.confidence, reason=said
                )
            )
    levels = [p for p in found if p.tag == "sensitivity"]
    if levels:
        worst = max(levels, key=lambda p: (ORDER.index(Sensitivity(p.value)), p.confidence))
        found.append(worst.model_copy(update={"column": "", "reason": f"column {worst.column}: {worst.reason}"}))
    return tuple(found)
