"""Accepted mappings as assets: the target's table, the rows that cannot be converted, and two checks."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg

from assets.kit import VERSION, asset_key, spec_options, specs_of, table_metadata
from assets.quality.mapping import transforms
from assets.quality.mapping.files import MappingFiles
from assets.quality.mapping.model import FieldMap, Mapping_
from core import plugins
from core.errors import SourceError
from core.hashing import digest
from core.naming import LAYERS, Key, table_name
from core.schema import ColumnLineage, ColumnSource
from core.settings import Settings
from resources.ports import Warehouse

CONVERTED, SHAPE = "all_values_converted", "columns_as_accepted"
_CODE = [f"assets.quality.mapping.{name}" for name in ("apply", "model", "transform", "warehouse")]
_CODE += [f"{transforms.__name__}.{name}" for name in plugins.names(transforms)]
_REJECTS = "_rejects"


def definitions(settings: Settings, others: Iterable[dg.Definitions]) -> dg.Definitions:
    """A table and its reject table for each mapping with accepted fields whose source is an asset.

    Raises:
        SourceError: the table is an asset already.
    """
    known = {"/".join(spec.key.path) for found in others for spec in specs_of(found)}
    taken = set(known)
    files = MappingFiles(settings.quality)
    assets: list[dg.AssetsDefinition] = []
    for name in files.names():
        mapping = files.read(name, transforms=False)  # they are checked when they run
        if not mapping.accepted or mapping.source not in known:
            continue
        key = made(mapping)
        for one in (key, key + _REJECTS):
            if one in taken:
                raise SourceError(f"{files.path(name)}: {one} is an asset already", "name another in the field asset")
            taken.add(one)
        assets.append(_tables(mapping, key, settings.home))
    return dg.Definitions(assets=assets)


def made(mapping: Mapping_) -> str:
    """The key of the table that a mapping makes."""
    layer, domain, _ = mapping.source.split("/") if mapping.source.count("/") == 2 else ("", "", "")
    if layer not in LAYERS:
        raise SourceError(f"mapping {mapping.name}: {mapping.source} is no asset", "use `heddle map apply` for files")
    return mapping.asset or f"table/{domain}/{mapping.name}"


def _tables(mapping: Mapping_, key: str, home: Path) -> dg.AssetsDefinition:
    demands = digest([mapping.model_dump_json(include={"source", "failing"}), *map(_demand, mapping.accepted)])
    names = {
        key: f"{mapping.source} in the columns of {mapping.target}, by the mapping {mapping.name}.",
        key + _REJECTS: f"Rows of {mapping.source} with a value that cannot be converted, and why.",
    }
    specs = []
    for one, said in names.items():
        options = spec_options(one, group="mapping", kinds={"polars"}, description=said, code=_CODE)
        options["code_version"] = f"{options['code_version']}-{demands[:12]}"
        specs.append(dg.AssetSpec(**options, deps=[asset_key(mapping.source)]))
    converted = dg.AssetCheckSpec(CONVERTED, asset=asset_key(key), description="No row is in the reject table.")
    shape = dg.AssetCheckSpec(
        SHAPE, asset=asset_key(key), blocking=True, description="The columns are those of the accepted fields."
    )

    def mapped(
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        from assets.content import rows_version
        from assets.quality.mapping.warehouse import write

        counts = write(warehouse, mapping, key, key + _REJECTS, home)
        for one in names:
            name = table_name(Key.parse(one))
            info = warehouse.info(name)
            version = rows_version(warehouse.batches(f"select * from {name}"))
            metadata = table_metadata(one, info, _lineage(mapping, [c.name for c in info.columns], one == key))
            metadata |= {VERSION: version, "source rows": counts.source, "rejected rows": counts.rejects}
            yield dg.MaterializeResult(asset_key(one), metadata=metadata, data_version=dg.DataVersion(version))
        said = f"{counts.rejects:,} of {counts.source:,} rows are rejected"
        yield dg.AssetCheckResult(
            asset_key=asset_key(key),
            check_name=CONVERTED,
            passed=not counts.rejects,
            severity=dg.AssetCheckSeverity.WARN,
            description=said,
        )
        columns = [c.name for c in warehouse.info(table_name(Key.parse(key))).columns]
        passed = columns == [f.target for f in mapping.accepted]
        yield dg.AssetCheckResult(asset_key=asset_key(key), check_name=SHAPE, passed=passed)

    parsed = Key.parse(key)
    asset: dg.AssetsDefinition = dg.multi_asset(
        specs=specs, check_specs=[converted, shape], name=f"{parsed.layer}__{parsed.domain}__{parsed.noun}"
    )(mapped)
    return asset


def _demand(field: FieldMap) -> str:
    return field.model_dump_json(include={"target", "sources", "transform", "params"})


def _lineage(mapping: Mapping_, columns: list[str], target: bool) -> ColumnLineage:
    """Of the table the source columns of each field; of the reject table the columns themselves."""
    if target:
        found = {f.target: f.sources for f in mapping.accepted}
    else:
        found = {c: (c,) for c in columns if not c.startswith("heddle_")}
    return ColumnLineage({c: tuple(ColumnSource(mapping.source, s) for s in sources) for c, sources in found.items()})
