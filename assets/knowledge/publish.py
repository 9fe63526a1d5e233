"""The gate between a built index and the live one: retrieval must not get worse; then one alias is switched."""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.knowledge.evaluate import held_out_ranks
from assets.knowledge.index import CANDIDATE, KEEP
from assets.knowledge.questions import Question, load_questions, questions_path
from assets.knowledge.search import KEY, LIVE, HandbookIndex, collection
from core.errors import StoreError
from core.naming import index_name
from core.settings import Settings
from resources.ports import Objects, Vectors

FLOOR = 0.8  # least recall@5 on held-out questions
SLACK = 0.05  # how far recall@5 may fall below the live version's on the same questions


@dataclass(frozen=True)
class Verdict:
    """The gate's decision about a candidate; recalls are recall@5 on held-out questions, None where unknown."""

    version: str
    passed: bool
    reason: str
    recall: float | None
    live_recall: float | None
    questions: int
    lost: tuple[str, ...]


def judge(candidate: HandbookIndex, live: HandbookIndex | None, questions: Sequence[Question]) -> Verdict:
    """Compare a candidate with the floor and with the live version on the same held-out questions."""
    if live and live.manifest["embedder"] == candidate.manifest["embedder"]:
        live.known = candidate.known  # a question is embedded once for both
    ranks = held_out_ranks(candidate, questions)
    if not ranks:
        reason = "there are no held-out questions to judge by"
        return Verdict(candidate.version, True, reason, None, None, 0, ())
    recall = _recall(ranks)
    before = held_out_ranks(live, questions) if live else {}
    live_recall = _recall(before) if before else None
    lost = tuple(name for name, rank in ranks.items() if rank > 5 and before.get(name, 6) <= 5)
    reason = f"recall@5 is {recall:.3f}"
    passed = recall >= FLOOR and (live_recall is None or recall >= live_recall - SLACK)
    if recall < FLOOR:
        reason += f", under the floor of {FLOOR}"
    elif not passed:
        reason += f", more than {SLACK} under the live version's {live_recall:.3f}"
    return Verdict(candidate.version, passed, reason, recall, live_recall, len(ranks), lost)


def publish(settings: Settings, objects: Objects, vectors: Vectors) -> Verdict:
    """Judge the candidate and, only if it passes, make it live and remove old versions.

    Until the switch, and if the process dies before it, questions are answered from the former version.
    """
    version = objects.alias(KEY, CANDIDATE)
    if version is None:
        raise StoreError("there is no candidate index", "materialize index/retail/handbook first")
    candidate = HandbookIndex(objects.path(KEY, version), settings.home / "models")
    live = HandbookIndex.live(settings, objects) if objects.alias(KEY, LIVE) else None
    verdict = judge(candidate, live, load_questions(questions_path(settings)))
    if verdict.passed:
        objects.set_alias(KEY, LIVE, version)
        _prune(objects, vectors)
    return verdict


def _prune(objects: Objects, vectors: Vectors) -> None:
    objects.prune(KEY, KEEP)
    kept = {collection(version) for version in objects.versions(KEY)}
    for name in vectors.collections(index_name(KEY) + "_"):
        if name not in kept:
            vectors.drop(name)


def _recall(ranks: dict[str, int]) -> float:
    return sum(rank <= 5 for rank in ranks.values()) / len(ranks)
