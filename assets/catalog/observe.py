"""Scans a source into the catalogue: skips what did not change, understands the columns, keeps versions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from assets.catalog.model import Meaning, Scan, TableInfo
from assets.catalog.record import SOURCE, Recorded, record
from assets.catalog.scan.profile.withhold import withhold
from assets.catalog.scan.scanner import Classify, Progress, Sensitive, scan
from assets.catalog.scan.sources import Source
from assets.catalog.semantics import classify, corrections, registry, training
from assets.catalog.store.versions import Versions
from assets.security.sensitive.columns import of_meanings
from assets.security.sensitive.observed import Findings, keep
from core.hashing import digest
from core.settings import Settings

if TYPE_CHECKING:
    import polars as pl


class Observed(NamedTuple):
    """A scan and what came of it in the catalogue."""

    scan: Scan
    recorded: Recorded


class Understanding(NamedTuple):
    """How a scan of a source tells what columns mean; `rules` differs when the types or the corrections do."""

    classify: Classify
    sensitive: Sensitive
    rules: str


def understanding(settings: Settings, source: str, found: "dict[str, Findings] | None" = None) -> Understanding:
    """The semantic types and corrections of HEDDLE_CATALOG_FILES, and the classifier that was trained last.

    Args:
        found: takes up the sensitive columns of each table, by path, as its meanings become known.

    Raises:
        SemanticsError: a file is wrong.
        ModelError: the classifier's files are damaged.
    """
    types = registry.load(settings.catalog_files)
    said = corrections.read(settings.catalog_files, types)
    model = training.latest(settings.home / training.FOLDER)
    taught = [str((model.learned.labels, model.learned.trained, model.learned.idf.sum()))] if model else []
    rules = digest([*(t.model_dump_json() for t in types.types.values()), *(str(e) for e in said.entries), *taught])

    def meanings(table: TableInfo, values: "Mapping[str, pl.Series]") -> dict[str, Meaning | None]:
        comments = {c.name: c.comment for c in table.columns if c.comment}
        context = classify.Context(source=source, table=table.path, comments=comments)
        meant = classify.table(values, context, types, said, model)
        if found is not None:
            found[table.path] = of_meanings(values, meant)
        return meant

    return Understanding(meanings, types.sensitive, rules)


def observe(
    settings: Settings,
    versions: Versions,
    source: Source,
    *,
    run: str = "",
    author: str = "scan",
    progress: Progress | None = None,
    whole: bool = False,
) -> Observed:
    """Scans one source and takes it into the catalogue.

    Tables that the source says did not change are skipped, unless `whole`, or the semantic types or a person's
    corrections changed since.

    Args:
        run: Dagster's run id, "" for the command line.

    Raises:
        SemanticsError: a file with semantic types or corrections is wrong.
        StoreError: the catalogue's database refuses.
    """
    sensitive: dict[str, Findings] = {}
    meant = understanding(settings, source.name, sensitive)
    rules = meant.rules
    last = versions.measured(SOURCE, source.name)
    former = _summary(source, last[0][2]) if last and last[0][2].get("rules") == rules and not whole else None

    found = scan(
        source,
        previous=former,
        progress=progress,
        classify=meant.classify,
        sensitive=meant.sensitive,
        settings=settings,
    )
    found = _withheld(found, sensitive)
    recorded = record(versions, found, run, author)
    if not any(not table for table, _ in found.errors):
        keep(versions, source.name, sensitive, run)
        versions.measure(SOURCE, {source.name: _measured(found, rules)}, run, found.at)
    return Observed(found, recorded)


def _withheld(found: Scan, sensitive: "Mapping[str, Findings]") -> Scan:
    """The scan without values of columns that are sensitive by their header or by what stands in their texts."""
    tables = []
    for table in found.tables:
        flagged = {c for c, finding in sensitive.get(table.table.path, {}).items() if finding and finding.flagged}
        profiles = {c: withhold(p) if c in flagged else p for c, p in table.profiles.items()}
        tables.append(table.model_copy(update={"profiles": profiles}))
    return found.model_copy(update={"tables": tuple(tables)})


def _summary(source: Source, measured: Mapping[str, Any]) -> Scan:
    return Scan(source=source.name, url="", at="", seconds=0, marks=measured.get("marks", {}))


def _measured(found: Scan, rules: str) -> dict[str, Any]:
    return {
        "rules": rules,
        "marks": found.marks,
        "seconds": found.seconds,
        "tables": len(found.tables) + len(found.unchanged),
        "errors": [list(e) for e in found.errors],
    }
