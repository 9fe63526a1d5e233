"""Tags that a column's content and meaning speak for, with confidence and reasons."""

from collections.abc import Iterator

from assets.catalog.changes.entry import TableEntry
from assets.catalog.model import Base, Meaning, Profile, Value
from assets.catalog.tags.vocabulary import Vocabulary

TYPED = {Base.DATE: "time", Base.TIMESTAMP: "time", Base.TIME: "time", Base.BOOLEAN: "flag"}
SURE = 0.95  # of what the engine's own type says
CODED = 0.7  # of what a few short values that come again and again say
FEW, SHORT, AGAIN = 30, 8, 20  # different values, characters of the longest, rows for each of them
MOST = 0.99  # of a proposal; only a person's word is certain


class Proposal(Value):
    """A tag for a column; `by` is content or meaning."""

    tag: str
    confidence: float
    by: str
    evidence: tuple[str, ...]


def of_table(entry: TableEntry, profiles: dict[str, Profile], vocabulary: Vocabulary) -> dict[str, dict[str, Proposal]]:
    """Column -> tag -> the surest proposal."""
    found: dict[str, dict[str, Proposal]] = {}
    for column in entry.table.columns:
        said = [*_of_meaning(entry.meanings.get(column.name), vocabulary)]
        said += _of_content(column.base, column.type, profiles.get(column.name), bool(said))
        best: dict[str, Proposal] = {}
        for proposal in said:
            if proposal.tag not in best or best[proposal.tag].confidence < proposal.confidence:
                best[proposal.tag] = proposal
        if best:
            found[column.name] = best
    return found


def _of_meaning(meaning: Meaning | None, vocabulary: Vocabulary) -> Iterator[Proposal]:
    if meaning is None:
        return
    by = "content" if meaning.by == "content" else "meaning"
    why = (f"it means {meaning.type}", *meaning.evidence)
    for tag in vocabulary.tags(meaning.type):
        yield Proposal(tag=tag, confidence=min(meaning.confidence, MOST), by=by, evidence=why)


def _of_content(base: Base, type_: str, profile: Profile | None, meant: bool) -> Iterator[Proposal]:
    if base in TYPED:
        yield Proposal(tag=TYPED[base], confidence=SURE, by="content", evidence=(f"its type is {type_}",))
    if profile is None or meant or base not in (Base.TEXT, Base.INTEGER) or not profile.lengths:
        return
    few = 1 < profile.distinct <= FEW and profile.rows - profile.nulls >= AGAIN * profile.distinct
    if few and profile.lengths[1] <= SHORT and base is Base.TEXT:
        why = f"{profile.distinct} different values of at most {profile.lengths[1]} characters in {profile.rows} rows"
        yield Proposal(tag="code", confidence=CODED, by="content", evidence=(why,))
