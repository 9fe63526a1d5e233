"""Partitions shared by several domains."""

from collections.abc import Iterable

import dagster as dg

# One partition per retail week, named by its Monday (2016-12-26 is week 1 of the data). Dynamic, because a new
# week arrives as a file: whoever sees it first adds it.
RETAIL_WEEK = dg.DynamicPartitionsDefinition(name="retail_week")


def add_weeks(instance: dg.DagsterInstance, weeks: Iterable[str]) -> list[str]:
    """Add the weeks that are not partitions yet, in order of time; returns those added."""
    known = set(instance.get_dynamic_partitions("retail_week"))
    new = sorted(set(weeks) - known)
    if new:
        instance.add_dynamic_partitions("retail_week", new)
    return new
