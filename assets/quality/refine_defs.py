"""OpenRefine recipes as assets: `refine/<layer>__<domain>__<noun>.json` makes `table/<domain>/<noun>_refined`."""

from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from assets.kit import VERSION, asset_key, spec_options, specs_of, table_metadata
from core.hashing import digest
from core.naming import Key, table_name
from core.settings import Settings
from resources.ports import Warehouse

FOLDER = "refine"
_CODE = [f"assets.quality.refine.{n}" for n in ("recipe", "expression", "facets", "grid")]
_CODE += [f"assets.quality.refine.operations.{n}" for n in ("cells", "columns", "rows", "transpose")]
_CODE += [f"assets.quality.refine.grel.{n}" for n in ("dates", "evaluate", "functions", "parse")]


def definitions(settings: Settings, others: Iterable[dg.Definitions]) -> dg.Definitions:
    """An asset for each recipe whose table is an asset; the recipe is checked when the definitions load."""
    known = {"/".join(spec.key.path) for found in others for spec in specs_of(found)}
    assets = []
    for path in sorted((settings.quality / FOLDER).glob("*__*__*.json")):
        source = "/".join(path.stem.split("__"))
        if source in known:
            assets.append(_refined(settings, source, path))
    return dg.Definitions(assets=assets)


def _refined(settings: Settings, source: str, path: Path) -> dg.AssetsDefinition:
    from assets.quality.refine.recipe import read

    recipe = read(path)
    parsed = Key.parse(source)
    key = f"table/{parsed.domain}/{parsed.noun}_refined"
    words = "\n".join(f"{step.number}. {step.words}" for step in recipe)
    options = spec_options(
        key,
        group="refine",
        kinds={"polars"},
        description=f"{source} after the OpenRefine recipe {path.name}:\n\n{words}",
        code=_CODE,
        place="heavy",
    )
    options["code_version"] = f"{options['code_version']}-{digest([path.read_text(encoding='utf-8')])[:12]}"

    def refined(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.MaterializeResult[None]:
        from assets.content import rows_version
        from assets.quality.refine.recipe import run
        from assets.quality.rules.reading import from_warehouse
        from core.scratch import scratch

        with scratch(settings.home, "refine-") as folder:
            frame = from_warehouse(warehouse, source, folder).collect()
        found = run(frame, recipe, str(path), lambda d: context.log.info(f"{d.step.words}: {d.rows:,} rows"))
        name = table_name(Key.parse(key))
        warehouse.write(name, found)
        version = rows_version([found])
        metadata = table_metadata(key, warehouse.info(name)) | {VERSION: version, "operations": len(recipe)}
        return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(version))

    asset: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(source)])(refined)
    return asset
