"""Each source to scan as an asset with checks, and its schedule."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.catalog.keys import asset_of, entry_key
from assets.catalog.model import ScannedTable
from assets.catalog.record import SOURCE, pending
from assets.catalog.scan.sources import Source, load_sources
from assets.kit import OUTSIDE, VERSION, asset_key, spec_options, specs_of
from core.naming import Key
from core.settings import Settings

if TYPE_CHECKING:
    from assets.security.sensitive.observed import Undecided

READ, ACCEPTED = "everything_was_read", "no_breaking_change_waits"
GUARDED = "no_unprotected_sensitive_columns"
OWN = "${heddle:warehouse}"  # a source that other assets of the project make
MADE = {"raw", "table", "feature"}  # layers that live in the warehouse
SHOWN = 50  # differences that the metadata lists


def definitions(settings: Settings, others: Iterable[dg.Definitions] = ()) -> dg.Definitions:
    """One asset per source of `sources.yaml`, its checks, and a job with a schedule where it has one.

    Args:
        others: all other definitions: a scan of the warehouse comes after the assets that write it.
    """
    sources = load_sources(settings)
    written = [s.key for found in others for s in specs_of(found) if s.key.path[0] in MADE]
    assets = [_asset(source, settings, written if source.url == OWN else []) for source in sources]
    jobs = {s.name: _job(s) for s in sources if s.schedule}
    schedules = [_schedule(s, jobs[s.name], settings) for s in sources if s.schedule]
    return dg.Definitions(assets=assets, jobs=list(jobs.values()), schedules=schedules)


def _key(source: Source) -> str:
    return str(Key("report", "catalog", source.name))


def _asset(source: Source, settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    key = asset_key(_key(source))
    options = spec_options(
        _key(source),
        group="scans",
        kinds={"catalog"},
        description=f"What the catalogue knows of {source.name}: structure, profiles and meanings of its tables. "
        f"{source.description}".strip(),
        code=["assets.catalog.observe", "assets.catalog.record", "assets.catalog.scan.scanner"],
    )
    checks = [
        dg.AssetCheckSpec(READ, asset=key, description="The source answered and every table of it was read."),
        dg.AssetCheckSpec(ACCEPTED, asset=key, description="No breaking change waits to be accepted."),
        dg.AssetCheckSpec(
            GUARDED,
            asset=key,
            description="Of each column with sensitive data of level 3 or 4, here or made from here unmasked, somebody "
            "accepted or refused the tag.",
        ),
    ]

    def observe(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from _scan(context, settings, source)

    asset: dg.AssetsDefinition = dg.asset(**options, deps=deps, check_specs=checks, metadata={OUTSIDE: True})(observe)
    return asset


def _scan(context: dg.AssetExecutionContext, settings: Settings, source: Source) -> Iterator[Any]:
    from assets.catalog.hits import hits, told
    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.observe import observe
    from assets.catalog.store.versions import Versions
    from assets.security.sensitive.observed import undecided

    versions = Versions(settings.catalog)
    found, recorded = observe(settings, versions, source, run=context.run_id, progress=_progress(context))
    if any(not table for table, _ in found.errors):
        raise dg.Failure(f"{source.name} cannot be scanned: {found.errors[0][1]}", allow_retries=False)
    for table in found.tables:
        yield from _seen(source, table)
    waiting = _waiting(versions, source)
    changes = recorded.differences[:SHOWN]
    differences = "\n".join(
        f"- {text}" for text in told(changes, hits(LineageStore(settings.catalog), source.name, changes))
    )
    yield dg.MaterializeResult(
        metadata={
            "tables": len(found.tables) + len(found.unchanged),
            "unchanged": len(found.unchanged),
            "new versions": len(recorded.versions),
            "differences": dg.MetadataValue.md(differences or "none"),
            "seconds": found.seconds,
            VERSION: _version(versions, source),
        },
        check_results=[
            _result(READ, [f"{table}: {reason}" for table, reason in found.errors]),
            _result(ACCEPTED, [f"{key}: {text}" for key, text in waiting]),
            _result(GUARDED, [_open(one) for one in undecided(versions, LineageStore(settings.catalog), source.name)]),
        ],
    )


def _open(one: "Undecided") -> str:
    came = f", from {one.origin[0]}.{one.origin[1]}" if one.origin != one.place else ""
    return f"{one.place[0]}.{one.place[1]}: {one.class_} ({one.confidence:.2f}){came}"


def _result(name: str, problems: list[str]) -> dg.AssetCheckResult:
    listed = "\n".join(f"- {p}" for p in problems[:SHOWN])
    severity = dg.AssetCheckSeverity.WARN if name != ACCEPTED else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(
        check_name=name,
        passed=not problems,
        severity=severity,
        metadata={"problems": dg.MetadataValue.md(listed or "none")},
    )


def _seen(source: Source, table: ScannedTable) -> Iterator[dg.AssetObservation]:
    """Tells Dagster of a table that it does not make, so that it is in the UI as an external asset."""
    if source.url == OWN:
        return
    schema = dg.TableSchema(
        [
            dg.TableColumn(c.name, c.type, c.comment or None, dg.TableColumnConstraints(nullable=c.nullable))
            for c in table.table.columns
        ]
    )
    metadata: dict[str, Any] = {"dagster/column_schema": schema, "catalog/entry": entry_key(source.name, table.table)}
    if table.table.rows is not None:
        metadata["dagster/row_count"] = table.table.rows
    yield dg.AssetObservation(list(asset_of(source.name, table.table)), metadata=metadata)


def _waiting(versions: Any, source: Source) -> list[tuple[str, str]]:
    keys = [v.key for v in versions.latest("pending", f"{source.name}/")]
    return [(key, str(d)) for key in keys for d in pending(versions, key)]


def _version(versions: Any, source: Source) -> str:
    """The content of a scan: the numbers of the versions of its tables."""
    from core.hashing import digest

    return digest(f"{v.key} {v.number}" for kind in (SOURCE, "table") for v in versions.latest(kind, source.name))


def _progress(context: dg.AssetExecutionContext) -> Any:
    def tell(done: int, total: int, path: str) -> None:
        if done == total or done % 50 == 0:
            context.log.info("%d of %d tables, last %s", done, total, path)

    return tell


def _job(source: Source) -> Any:  # Dagster does not export the class
    return dg.define_asset_job(
        f"catalog__scan_{source.name}",
        dg.AssetSelection.assets(asset_key(_key(source))),
        description=f"Scan {source.name}.",
    )


def _schedule(source: Source, job: Any, settings: Settings) -> dg.ScheduleDefinition:
    # a laptop scans when somebody asks; there is no list of these names, since a file makes them
    running = settings.profile == "cluster"
    return dg.ScheduleDefinition(
        name=f"catalog__scan_{source.name}__scheduled",
        job=job,
        cron_schedule=source.schedule,
        default_status=dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED,
        description=f"Looks at {source.name} for new, changed and removed tables.",
    )
