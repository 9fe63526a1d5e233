"""Builds the Dagster definitions from settings; tests build them with resources of their own."""

import warnings
from importlib import import_module
from typing import Any

import dagster as dg

from assets.catalog.tags.tag_defs import with_tags
from core import settings as config
from orchestration.executors.compute import executor
from resources.defs import build_resources
from sensors.conditions import apply_conditions

MODULES = (
    "assets.sources.defs",
    "assets.tables.defs",
    "assets.features.defs",
    "assets.datasets.defs",
    "assets.models.defs",
    "assets.endpoints.defs",
    "assets.knowledge.defs",
    "assets.analytics.defs",
    "sensors.defs",
)
KETTLE = "assets.kettle.defs"
BI = "assets.analytics.bi_defs"
SCANS = "assets.catalog.scan_defs"
GATES = "assets.catalog.gate_defs"
DIMENSIONS = "assets.catalog.dimensions.dimension_defs"
QUALITY = "assets.quality.defs"
STANDARDS = "assets.catalog.standards.checks"
ERASURE = "assets.security.erasure.erasure_defs"
IMPUTATIONS = "assets.quality.imputation_defs"
FUSION = "assets.quality.fusion_defs"
MAPPINGS = "assets.quality.mapping_defs"
REFINE = "assets.quality.refine_defs"
PROTECTION = "assets.security.protect_defs"


def build_definitions(
    settings: config.Settings | None = None, resources: dict[str, Any] | None = None
) -> dg.Definitions:
    """Everything Heddle defines, with the executor that HEDDLE_COMPUTE asks for.

    Args:
        settings: default: resolved from heddle.toml and the environment.
        resources: plain objects that replace resources of the same name.
    """
    settings = settings or config.load()
    shell = dg.Definitions(resources=build_resources(settings, resources), executor=executor(settings))
    with warnings.catch_warnings():
        # backfill policies and mapped specs may change with Dagster's version, which is pinned
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        parts = [import_module(module).definitions(settings) for module in MODULES]
        # last: a table that one of the others makes keeps its asset when a Kettle file reads or writes it
        parts.append(import_module(KETTLE).definitions(settings, parts))
        parts.append(import_module(BI).definitions(settings, parts))
        parts.append(import_module(GATES).definitions(settings, parts))
        parts.append(import_module(SCANS).definitions(settings, parts))
        parts.append(import_module(DIMENSIONS).definitions(settings, parts))
        parts.append(import_module(ERASURE).definitions(settings))
        parts.append(import_module(IMPUTATIONS).definitions(settings, parts))
        parts.append(import_module(FUSION).definitions(settings, parts))
        parts.append(import_module(MAPPINGS).definitions(settings, parts))
        parts.append(import_module(REFINE).definitions(settings, parts))
        parts.append(import_module(PROTECTION).definitions(settings, parts))
        parts.append(import_module(QUALITY).definitions(settings, parts))
        parts.append(import_module(STANDARDS).definitions(settings, parts))
        return with_tags(settings, apply_conditions(dg.Definitions.merge(*parts, shell)))
