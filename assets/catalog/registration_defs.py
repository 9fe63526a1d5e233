"""Brings the catalogue up to date with Dagster's definitions and event log."""

import dagster as dg

from assets.catalog._compat import AssetGraph
from assets.catalog.facts_defs import collect
from assets.catalog.lineage.lineage_defs import refresh
from assets.catalog.register import register
from assets.catalog.store.versions import Change, Versions
from assets.catalog.tags.decide import publish
from assets.catalog.tags.refresh import refresh as refresh_tags
from assets.features.registry.files import load_views
from assets.features.registry.lineage import record
from assets.security.trace.trace_defs import told
from core.settings import Settings
from resources.llm_openai import OpenAiLlm


def bring_up_to_date(settings: Settings, graph: AssetGraph, instance: dg.DagsterInstance, run: str = "") -> str:
    """Registers every asset as it is defined and as it last ran, and its lineage; says in words what is new.

    Args:
        run: Dagster's id of the run that is the cause, "" when none is.

    Raises:
        StoreError: the catalogue's database cannot be opened.
    """
    facts = collect(graph, instance)
    versions = Versions(settings.catalog)
    made = register(versions, facts, run)
    record(versions, load_views(settings).values())
    traced = refresh(settings, graph, instance, run)
    tagged = refresh_tags(settings, versions, Change("catalogue", "run" if run else "definitions", run))
    publish(settings, versions)
    described = _described(settings, versions, run)
    known = f"{len(facts)} assets in the catalogue, {len(made)} new versions"
    changes = told(settings, instance)
    return f"{known}; {traced}; tags of {len(tagged)} changed{described}{changes}"


def _described(settings: Settings, versions: Versions, run: str) -> str:
    """Lets the language model describe what is new, where one is configured; in words."""
    from assets.catalog.narrate.narrate import TIMEOUT, narrate

    llm = OpenAiLlm.from_settings(settings, TIMEOUT, retries=0)
    if llm is None:
        return ""
    done = narrate(versions, llm, run)
    waiting = f", {done.waiting} wait" if done.waiting else ""
    note = f" ({done.note})" if done.note else ""
    return f"; {llm.model} described {done.described}{waiting}{note}"
