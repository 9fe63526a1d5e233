"""The endpoints domain as Dagster definitions."""

import dagster as dg

from assets.kit import VERSION, asset_key, spec_options
from core.naming import Key
from core.settings import Settings
from resources.ports import Objects

KEY = "endpoint/retail/coupon_propensity"
CODE = ("assets.endpoints.deploy", "assets.endpoints.server", "assets.endpoints.client", "core.signature")
LATENCY_LIMIT = 0.05  # seconds, the slowest of a hundred one-row requests on a laptop that does other work too


def _deploy(settings: dg.ResourceParam[Settings], objects: dg.ResourceParam[Objects]) -> dg.MaterializeResult[None]:
    from assets.endpoints.deploy import deploy
    from assets.endpoints.report import data_version, metadata

    done = deploy(settings, objects, Key.parse(KEY))
    version = data_version(done)
    return dg.MaterializeResult(metadata=metadata(done) | {VERSION: version}, data_version=dg.DataVersion(version))


@dg.asset_check(
    asset=asset_key(KEY),
    name="answers",
    description="The live version answers over HTTP with the expected probabilities of its signature.",
)
def answers(settings: dg.ResourceParam[Settings], objects: dg.ResourceParam[Objects]) -> dg.AssetCheckResult:
    """Red when the server is down or answers wrongly."""
    from assets.endpoints.deploy import smoke
    from core.errors import HeddleError

    try:
        seen = smoke(settings, objects, Key.parse(KEY))
    except HeddleError as error:
        return dg.AssetCheckResult(passed=False, description=error.what, metadata={"error": str(error)})
    return dg.AssetCheckResult(
        passed=True, metadata={"version": seen.version, "largest difference": seen.worst, "p99 ms": seen.p99 * 1000}
    )


@dg.asset_check(
    asset=asset_key(KEY),
    name="latency",
    description=f"One-row requests take at most {LATENCY_LIMIT * 1000:.0f} ms at the 99th percentile.",
)
def latency(settings: dg.ResourceParam[Settings], objects: dg.ResourceParam[Objects]) -> dg.AssetCheckResult:
    """A warning when the endpoint is slow."""
    from assets.endpoints.deploy import smoke
    from core.errors import HeddleError

    try:
        seen = smoke(settings, objects, Key.parse(KEY))
    except HeddleError as error:
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description=error.what)
    return dg.AssetCheckResult(
        passed=seen.p99 <= LATENCY_LIMIT,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"p50 ms": seen.p50 * 1000, "p99 ms": seen.p99 * 1000, "limit ms": LATENCY_LIMIT * 1000},
    )


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    options = spec_options(
        KEY,
        group="serving",
        kinds={"onnx", "http"},
        description="The coupon propensity model behind HTTP (Open Inference Protocol and named columns), "
        "switched from the former version after a smoke check, which stays for rollback.",
        code=CODE,
    )
    asset: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key("model/retail/coupon_propensity")])(_deploy)
    return dg.Definitions(assets=[asset], asset_checks=[answers, latency])
