"""Takes the facts of assets into the catalogue: their descriptions as versions, what runs measured beside them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from assets.catalog import describe
from assets.catalog.facts import KIND, AssetFacts, Structure
from assets.catalog.reach import reaches
from assets.catalog.score import Score, score
from assets.catalog.standards.kept import latest
from assets.catalog.store.versions import Change, Version, Versions
from assets.catalog.uses import used

MEASURED = ("made", "run", "rows", "seconds", "nulls", "checks")


def register(
    versions: Versions, facts: Sequence[AssetFacts], run: str = "", author: str = "definitions"
) -> list[Version]:
    """New versions of the assets whose definition or columns changed; scores and facts of runs are measured anew.

    Assets that no definition has any more are removed, with their history kept. What people wrote stays.
    """
    known = {v.key: v.document or {} for v in versions.latest(KIND)}
    entries: list[tuple[str, str, dict[str, Any] | None]] = [
        (KIND, f.key, document(f, known.get(f.key, {}))) for f in facts
    ]
    entries += [(KIND, key, None) for key in known.keys() - {f.key for f in facts}]
    made = versions.put_all(entries, Change(author, "run" if run else "definitions", run))
    scores = values(versions, facts)
    versions.measure(KIND, {f.key: measured(f, scores[f.key]) for f in facts}, run)
    return made


def document(facts: AssetFacts, former: dict[str, Any]) -> dict[str, Any]:
    """The entry of an asset. `described` tells each generated sentence with its evidence; `written` is a person's."""
    sentences = describe.of_asset(facts)
    dumped = facts.model_dump(mode="json", include=set(Structure.model_fields), exclude_defaults=True)
    said = {
        "description": facts.description,
        "described": [{"en": s.en, "zh": s.zh, "evidence": s.evidence, "by": "template"} for s in sentences],
        "written": former.get("written", {}),
    }
    return dumped | {k: v for k, v in said.items() if v}


def measured(facts: AssetFacts, worth: Score) -> dict[str, Any]:
    """What the last run of an asset said, and its score with its parts."""
    dumped = facts.model_dump(mode="json", include=set(MEASURED), exclude_defaults=True)
    parts = {name: part._asdict() for name, part in worth.parts.items()}
    return dumped | {"score": worth.value, "parts": parts}


def values(versions: Versions, facts: Iterable[AssetFacts]) -> dict[str, Score]:
    """The scores of all assets, by key."""
    facts = list(facts)
    reach = reaches({f.key: f.downstream for f in facts})
    uses = used(versions, KIND)
    now = datetime.now(UTC)
    kept = latest(versions)
    return {f.key: score(f, uses.get(f.key, 0.0), reach[f.key], now, compliance=kept.get(f.key)) for f in facts}
