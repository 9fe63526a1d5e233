"""The knowledge domain as Dagster definitions: the handbook's documents and their index."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.kit import SOURCE_VERSION, VERSION, asset_key, pictures, spec_options
from assets.knowledge import code
from core.settings import Settings
from resources.ports import Objects, Vectors

if TYPE_CHECKING:
    from assets.knowledge.documents import Built
    from assets.knowledge.index import BuiltIndex
    from assets.knowledge.publish import Verdict

DOCUMENTS = "doc/retail/handbook"
INDEX = "index/retail/handbook"
READABLE = "documents_readable"
RECALL = "recall"
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    return dg.Definitions(assets=[_documents(), _index(settings.vectors.split(":", 1)[0])])


def _documents() -> dg.AssetsDefinition:
    options = spec_options(
        DOCUMENTS,
        group="knowledge",
        kinds={"file", "markdown"},
        description="Typed blocks and chunks of the handbook's documents; only changed documents are parsed again.",
        code=[*code.DOCUMENTS, "assets.knowledge.documents"],
    )
    readable = dg.AssetCheckSpec(
        READABLE,
        asset=asset_key(DOCUMENTS),
        description="Every document could be parsed; a bad one keeps its former text.",
    )

    def handbook(settings: dg.ResourceParam[Settings], objects: dg.ResourceParam[Objects]) -> Results:
        from assets.knowledge.documents import build, source_version

        seen = source_version(settings)  # before reading: a change meanwhile makes the asset stale again
        built = build(settings, objects)
        yield dg.MaterializeResult(
            metadata=_document_metadata(built) | {VERSION: built.version, SOURCE_VERSION: seen},
            data_version=dg.DataVersion(built.version),
        )
        yield dg.AssetCheckResult(
            passed=not built.errors,
            check_name=READABLE,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"errors": dg.MetadataValue.json(built.errors)},
        )

    asset: dg.AssetsDefinition = dg.asset(**options, check_specs=[readable])(handbook)
    return asset


def _index(engine: str) -> dg.AssetsDefinition:
    options = spec_options(
        INDEX,
        group="knowledge",
        kinds={engine, "onnx"},
        description="Search index of the handbook: character bigrams, words and embeddings, fused with tuned weights.",
        code=[*code.INDEX, "assets.knowledge.publish"],
    )
    recall = dg.AssetCheckSpec(
        RECALL,
        asset=asset_key(INDEX),
        blocking=True,
        description="Held-out recall@5 holds the floor and the live version's level; only then the index goes live.",
    )

    def handbook_index(
        settings: dg.ResourceParam[Settings],
        objects: dg.ResourceParam[Objects],
        vectors: dg.ResourceParam[Vectors],
    ) -> Results:
        from assets.knowledge.index import build, source_version
        from assets.knowledge.publish import publish

        seen = source_version(settings)
        built = build(settings, objects, vectors)
        verdict = publish(settings, objects, vectors)
        yield dg.MaterializeResult(
            metadata=_index_metadata(built, verdict) | {VERSION: built.version, SOURCE_VERSION: seen},
            data_version=dg.DataVersion(built.version),
        )
        yield dg.AssetCheckResult(
            passed=verdict.passed, check_name=RECALL, description=verdict.reason, metadata=_verdict_metadata(verdict)
        )

    asset: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(DOCUMENTS)], check_specs=[recall])(handbook_index)
    return asset


def _document_metadata(built: "Built") -> dict[str, Any]:
    rows = [
        (name, entry.blocks, entry.chunks, "parsed" if name in built.parsed else "reused", entry.error)
        for name, entry in sorted(built.ledger.items())
    ]
    return {
        "documents": len(built.ledger),
        "parsed": len(built.parsed),
        "reused": len(built.reused),
        "removed": len(built.removed),
        "chunks": sum(entry.chunks for entry in built.ledger.values()),
        "errors": dg.MetadataValue.json(built.errors),
        "skipped": dg.MetadataValue.json(list(built.skipped)),
        "ledger": _table(("document", "blocks", "chunks", "now", "error"), rows),
    }


def _index_metadata(built: "BuiltIndex", verdict: "Verdict") -> dict[str, Any]:
    held_out = built.manifest["held_out"]
    rows = [
        (language, route, *figures.values())
        for language, ways in held_out["routes"].items()
        for route, figures in ways.items()
    ]
    metadata: dict[str, Any] = {
        "chunks": built.chunks,
        "embedded": built.embedded,
        "reused": built.reused,
        "removed": built.removed,
        "live": verdict.passed,
        "embedder": built.manifest["embedder"],
        "weights": dg.MetadataValue.json(built.manifest["weights"]),
        "evidence": dg.MetadataValue.json(built.manifest["evidence"]),
        "refusal": dg.MetadataValue.json(held_out["refusal"]),
        "answers": dg.MetadataValue.json(held_out["answers"]),
        "quality": _table(("language", "route", "recall@1", "recall@5", "mrr"), rows),
    }
    if rows:
        from assets.knowledge.pictures import recall_by_route

        metadata |= pictures({"recall by route": recall_by_route(held_out["routes"])})
    return metadata


def _verdict_metadata(verdict: "Verdict") -> Mapping[str, Any]:
    known = {"recall@5": verdict.recall, "live recall@5": verdict.live_recall}
    return {
        **{name: value for name, value in known.items() if value is not None},
        "questions": verdict.questions,
        "lost": dg.MetadataValue.json(list(verdict.lost)),
    }


def _table(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dg.MarkdownMetadataValue:
    from assets.knowledge.blocks import markdown_table

    cells = [header, *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    return dg.MetadataValue.md("\n".join(markdown_table(cells)))
