"""Lineage from and for other tools: OpenLineage, CSV, DataHub, OpenMetadata."""
