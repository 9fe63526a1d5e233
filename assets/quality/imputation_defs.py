"""Imputations as assets: the fitted models of a table, the table with its gaps filled, and two checks."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from assets.kit import VERSION, asset_key, spec_options, specs_of, table_metadata
from assets.quality.impute import candidates
from assets.quality.impute.spec import Spec, specs
from core import plugins
from core.errors import SourceError, StoreError
from core.hashing import code_version, digest
from core.naming import Key
from core.schema import ColumnLineage, ColumnSource
from core.settings import Settings
from resources.ports import Objects, Warehouse

CURRENT = "challenger"  # what the last materialization of a model sets
KEEP = 5
_CODE = [f"assets.quality.impute.{name}" for name in ("choose", "fill", "missing", "model", "table", "trials")]
_CODE += ["assets.quality.detect.forms.missing"]
_CODE += [f"{candidates.__name__}.{name}" for name in plugins.names(candidates)]
_MORE_MISSING = 2.0  # times the share of missing values that the models were fitted with


def definitions(settings: Settings, others: Iterable[dg.Definitions]) -> dg.Definitions:
    """Two assets and their checks for each file under `imputations/` whose table is an asset.

    Raises:
        SourceError: one of them is an asset already, of another file or otherwise.
    """
    known = {"/".join(spec.key.path) for found in others for spec in specs_of(found)}
    taken = set(known)
    assets: list[dg.AssetsDefinition] = []
    checks: list[dg.AssetChecksDefinition] = []
    for spec in specs(settings.quality).values():
        if spec.table not in known:
            continue
        for one in (spec.model, spec.filled):
            if one in taken:
                raise SourceError(f"imputation {spec.name}: {one} is an asset already", "keep one file of a table")
            taken.add(one)
        assets += [_model(spec, settings.memory), _table(spec, settings)]
        checks += [_better(spec), _as_fitted(spec)]
    return dg.Definitions(assets=assets, asset_checks=checks)


def _model(spec: Spec, memory: str) -> dg.AssetsDefinition:
    options = spec_options(
        spec.model,
        group="quality",
        kinds={"lightgbm", "polars"},
        description=f"For each column of {spec.table} with gaps: the models that fill it best, measured on hidden cells"
        " beside the mean, the median and the most frequent value; or a refusal.",
        code=_CODE,
        place="heavy",
    )

    def fitted(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse], objects: dg.ResourceParam[Objects]
    ) -> dg.MaterializeResult[None]:
        from assets.content import rows_version
        from assets.quality.impute import store
        from assets.quality.impute.model import fit
        from assets.quality.impute.warehouse import learned_from
        from assets.quality.rules.reading import size

        frame = learned_from(warehouse, spec, size(memory))
        imputation = fit(frame, spec.columns, keep=spec.keep, in_order=bool(spec.order), tell=context.log.info)
        key, version = (
            Key.parse(spec.model),
            digest([rows_version([frame]), spec.model_dump_json(), code_version(*_CODE)]),
        )
        objects.write(key, version, store.writer(imputation))
        objects.set_alias(key, CURRENT, version)
        objects.prune(key, KEEP)
        told: dict[str, Any] = {VERSION: version, "rows": imputation.rows}
        for name, filler in imputation.fillers.items():
            told[f"column {name}"] = (
                f"{filler.choice.reason} ({filler.pattern.missing:,} missing, {filler.pattern.why})"
            )
        return dg.MaterializeResult(metadata=told, data_version=dg.DataVersion(version))

    asset: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(spec.table)])(fitted)
    return asset


def _table(spec: Spec, settings: Settings) -> dg.AssetsDefinition:
    options = spec_options(
        spec.filled,
        group="quality",
        kinds={"polars"},
        description=f"{spec.table}, its gaps filled where a model beats the constants; `<column>_imputed` flags them.",
        code=[*_CODE, "assets.quality.impute.warehouse"],
        place="heavy",
    )

    def filled(
        warehouse: dg.ResourceParam[Warehouse], objects: dg.ResourceParam[Objects]
    ) -> dg.MaterializeResult[None]:
        from assets.content import rows_version
        from assets.quality.impute.warehouse import write
        from assets.quality.rules.reading import size

        imputation = _current(objects, spec)
        name, counts = write(warehouse, spec, imputation, size(settings.memory), settings.home)
        info = warehouse.info(name)
        version = rows_version(warehouse.batches(f"select * from {name}"))
        told: dict[str, Any] = {f"filled {column}": count for column, count in counts.items()}
        told |= table_metadata(spec.filled, info, _lineage(spec, [c.name for c in info.columns], imputation))
        return dg.MaterializeResult(metadata=told | {VERSION: version}, data_version=dg.DataVersion(version))

    asset: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(spec.table), asset_key(spec.model)])(filled)
    return asset


def _lineage(spec: Spec, names: list[str], imputation: Any) -> ColumnLineage:
    """A filled column comes from itself and from the columns that its models look at."""
    from assets.quality.impute.warehouse import FLAG

    used = [c.name for c in imputation.columns if c.kind != "other"]
    flags = {f"{name}{FLAG}": name for name in imputation.filled}
    found = {}
    for name in names:
        others = [u for u in used if u != name] if name in imputation.filled else []
        found[name] = tuple(ColumnSource(spec.table, column) for column in (flags.get(name, name), *others))
    return ColumnLineage(found)


def _current(objects: Objects, spec: Spec) -> Any:
    from assets.quality.impute import store

    key = Key.parse(spec.model)
    version = objects.alias(key, CURRENT)
    if version is None:
        raise StoreError(f"there is no {spec.model} yet", f"run: heddle run '{spec.model}'")
    return store.read(objects.path(key, version))


def _better(spec: Spec) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_key(spec.model),
        name="better_than_a_constant",
        description="Of each column that is filled, the error on hidden cells is below that of the best constant.",
        blocking=True,
    )
    def better(objects: dg.ResourceParam[Objects]) -> dg.AssetCheckResult:
        choices = {name: filler.choice for name, filler in _current(objects, spec).fillers.items()}
        bad = [n for n, c in choices.items() if not c.refused and c.gain <= 0]
        gains = {f"gain {n}": "refused" if c.refused else f"{c.gain:.1%}" for n, c in choices.items()}
        return dg.AssetCheckResult(passed=not bad, metadata=gains)

    return better


def _as_fitted(spec: Spec) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_key(spec.filled),
        name="missing_as_when_fitted",
        description="No column lacks more than twice the share of values that its models were fitted with.",
    )
    def as_fitted(warehouse: dg.ResourceParam[Warehouse], objects: dg.ResourceParam[Objects]) -> dg.AssetCheckResult:
        from assets.quality.impute.warehouse import missing_shares

        imputation = _current(objects, spec)
        was = {name: filler.pattern.missing / max(imputation.rows, 1) for name, filler in imputation.fillers.items()}
        now = missing_shares(warehouse, spec, list(was))
        grown = [n for n in was if now[n] > _MORE_MISSING * was[n] + 0.01]
        told = {f"missing {n}": f"{now[n]:.2%}, {was[n]:.2%} when fitted" for n in was}
        return dg.AssetCheckResult(passed=not grown, severity=dg.AssetCheckSeverity.WARN, metadata=told)

    return as_fitted
