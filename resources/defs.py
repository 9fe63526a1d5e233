"""Settings turned into Dagster's resource dict; every resource opens its engine on first use, in the step's process."""

from typing import Any

import dagster as dg

from core.settings import Settings
from resources import open as ports

OPENERS = {
    "warehouse": ports.warehouse,
    "objects": ports.objects,
    "tracking": ports.tracking,
    "vectors": ports.vectors,
    "online": ports.online,
    "bi": ports.bi,
}


def build_resources(settings: Settings, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
    """Resource name -> definition: `settings` plus one per port. `overrides` replaces any with a plain object."""
    resources: dict[str, Any] = {"settings": dg.ResourceDefinition.hardcoded_resource(settings)}
    for name, opener in OPENERS.items():
        resources[name] = _lazily(opener, settings)
    return resources | {
        k: dg.ResourceDefinition.hardcoded_resource(v) if not isinstance(v, dg.ResourceDefinition) else v
        for k, v in (overrides or {}).items()
    }


def _lazily(opener: Any, settings: Settings) -> dg.ResourceDefinition:
    return dg.ResourceDefinition(resource_fn=lambda _context: opener(settings))
