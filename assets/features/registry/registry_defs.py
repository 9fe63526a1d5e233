"""Online feature views as assets: what pushes their last values, and the checks of freshness and drift."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.features.registry.files import load_views
from assets.features.registry.model import Drift, FeatureView
from assets.kit import OUTSIDE, VERSION, asset_key, spec_options
from core.naming import Key
from core.settings import Settings
from resources.ports import OnlineStore, Warehouse

CODE = [f"assets.features.registry.{name}" for name in ("encode", "model", "offline", "push", "source")]


def definitions(settings: Settings) -> dg.Definitions:
    """One asset per online view, a check of each, and one of its drift where the view asks for it."""
    views = [view for view in load_views(settings).values() if view.online]
    checks = [_fresh(view) for view in views]
    checks += [_drift(view, view.drift) for view in views if view.drift is not None]
    return dg.Definitions(assets=[_asset(view, settings) for view in views], asset_checks=checks)


def online_key(view: FeatureView) -> str:
    """The asset that stands for a view's values in the online store: `feature/<domain>/<view>_online`."""
    return str(Key("feature", Key.parse(view.source).domain, f"{view.name}_online"))


def _asset(view: FeatureView, settings: Settings) -> dg.AssetsDefinition:
    options = spec_options(
        online_key(view),
        group="features",
        kinds={"sqlite" if settings.online.startswith("sqlite") else "redis"},
        description=f"The last values of feature view {view.name} by {view.entity}, for reading online.",
        code=CODE,
    )

    def pushed(
        warehouse: dg.ResourceParam[Warehouse], online: dg.ResourceParam[OnlineStore]
    ) -> dg.MaterializeResult[None]:
        from assets.features.registry.push import push

        done = push(warehouse, online, view)
        metadata: dict[str, Any] = {
            VERSION: done.version,
            "entities": online.rows(view.name),
            "rows read": done.read,
            "rows written": done.written,
            "all entities": done.whole,
            "newest": str(done.newest or "none"),
        }
        return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(done.version))

    options["code_version"] = f"{options['code_version']}-{_definition(view)}"
    made: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(view.source)], metadata={OUTSIDE: True})(pushed)
    return made


def _definition(view: FeatureView) -> str:
    from core.hashing import digest

    return digest([view.model_dump_json()])


def _fresh(view: FeatureView) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_key(online_key(view)),
        name="online_is_fresh",
        description="The online store has the newest rows of the table, pushed recently enough.",
    )
    def check(warehouse: dg.ResourceParam[Warehouse], online: dg.ResourceParam[OnlineStore]) -> dg.AssetCheckResult:
        from assets.features.registry.fresh import FRESH, fresh

        (found,) = fresh(warehouse, online, [view], datetime.now(UTC))
        metadata: dict[str, Any] = {
            "state": found.state,
            "entities": found.rows,
            "newest online": str(found.newest or "none"),
            "newest in the table": str(found.source_newest or "none"),
        }
        return dg.AssetCheckResult(passed=found.state == FRESH, severity=dg.AssetCheckSeverity.WARN, metadata=metadata)

    return check


def _drift(view: FeatureView, limits: Drift) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_key(online_key(view)),
        name="features_do_not_drift",
        description=f"PSI of the last {limits.window} against the {limits.reference} before is below {limits.psi:g}.",
    )
    def check(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
        from assets.features.registry.drift import drifts

        found = drifts(warehouse, view, limits)
        moved = [m.feature for m in found if m.drifted]
        metadata: dict[str, Any] = {
            m.feature: dg.MetadataValue.json({"psi": round(m.psi, 4), "ks": None if m.ks is None else round(m.ks, 4)})
            for m in found
        }
        return dg.AssetCheckResult(
            passed=not moved,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=metadata | {"drifted": ", ".join(moved) or "none"},
        )

    return check
