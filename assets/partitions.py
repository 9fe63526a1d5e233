"""Partitions shared by several domains."""

import dagster as dg

# One partition per retail week, named by its Monday (2016-12-26 is week 1 of the data). Dynamic, because a new
# week arrives as a file: whoever sees it first adds it.
RETAIL_WEEK = dg.DynamicPartitionsDefinition(name="retail_week")
