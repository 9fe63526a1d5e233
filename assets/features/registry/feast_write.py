"""Writes a Feast repository: feature_store.yaml, the definitions in Python, and the tables as Parquet files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assets.features.registry.model import FeatureView, duration
from assets.features.registry.source import check
from core.atomic import replacing, write_text
from core.errors import SourceError
from core.naming import Key, table_name
from resources.quoting import identifier, qualified

if TYPE_CHECKING:
    import polars as pl

    from resources.ports import WarehouseReader

TYPES = {
    "bigint": "Int64",
    "double": "Float64",
    "text": "String",
    "boolean": "Bool",
    "date": "UnixTimestamp",
    "timestamp": "UnixTimestamp",
}
KEY_TYPES = {"bigint": "INT64", "text": "STRING"}
STORE = "project: heddle\nregistry: data/registry.db\nprovider: local\nonline_store:\n  type: sqlite\n" + (
    "  path: data/online.db\noffline_store:\n  type: file\nentity_key_serialization_version: 3\n"
)


def write_repo(folder: Path, views: Iterable[FeatureView], warehouse: "WarehouseReader") -> list[Path]:
    """Writes the repository; returns the files. Feast reads tables from files, so each view's table is copied.

    Raises:
        SourceError: the folder is a Feast repository of somebody else, or a view does not fit its table.
    """
    store, definitions = folder / "feature_store.yaml", folder / "features.py"
    if store.exists() and store.read_text(encoding="utf-8") != STORE:
        raise SourceError(f"{store} is not one that was exported", "export to another folder")
    chosen = list(views)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    files = [_table(folder, view, warehouse) for view in chosen]
    for path, text in ((store, STORE), (definitions, python(chosen))):
        write_text(path, text)
    return [store, definitions, *files]


def python(views: Iterable[FeatureView]) -> str:
    """The definitions as Python that Feast runs."""
    lines = [
        '"""Feature views, exported from the feature registry."""',
        "",
        "from datetime import timedelta",
        "",
        "from feast import Entity, FeatureView, Field, FileSource, ValueType",
        "from feast.types import Bool, Float64, Int64, String, UnixTimestamp",
        "",
    ]
    entities: dict[str, FeatureView] = {}
    for view in views:
        known = entities.setdefault(view.entity, view)
        if known is view:
            lines += _entity(view)
        elif known.keys != view.keys:
            raise SourceError(
                f"entity {view.entity} has other keys in {view.name} than in {known.name}", "call one otherwise"
            )
        lines += _view(view)
    return "\n".join(lines) + "\n"


def _entity(view: FeatureView) -> Iterator[str]:
    if len(view.keys) != 1:
        raise SourceError(f"{view.name} has {len(view.keys)} join keys", "Feast entities have one: leave it out")
    key = view.keys[0]
    yield (
        f"{view.entity} = Entity(name={view.entity!r}, join_keys=[{key.name!r}],"
        f" value_type=ValueType.{KEY_TYPES[key.type]})"
    )


def _view(view: FeatureView) -> Iterator[str]:
    ttl = duration(view.ttl)
    created = f", created_timestamp_column={view.created!r}" if view.created else ""
    yield f"{view.name}_source = FileSource("
    yield f"    name={view.name!r}, path={f'data/{view.name}.parquet'!r}, timestamp_field={view.timestamp!r}{created}"
    yield ")"
    yield f"{view.name} = FeatureView("
    yield f"    name={view.name!r},"
    yield f"    entities=[{view.entity}],"
    yield f"    ttl=timedelta(seconds={int(ttl.total_seconds()) if ttl else 0}),"
    yield "    schema=["
    for f in view.features:
        yield f"        Field(name={f.name!r}, dtype={TYPES[f.type]}, description={f.description!r}),"
    yield "    ],"
    yield f"    source={view.name}_source,"
    yield f"    online={view.online},"
    yield f"    description={view.description!r},"
    yield f"    owner={view.owner!r},"
    yield f"    tags={view.tags!r},"
    yield ")"


def _table(folder: Path, view: FeatureView, warehouse: "WarehouseReader") -> Path:
    """The view's table as Parquet, batch by batch, with its event times as moments in UTC, which Feast demands."""
    import pyarrow.parquet as pq

    check(warehouse, view)
    columns = [*((k.name, k.name) for k in view.keys), (view.timestamp, view.timestamp)]
    columns += [(view.created, view.created)] if view.created else []
    columns += [(f.source, f.name) for f in view.features]
    shown = ", ".join(f"{identifier(source)} as {identifier(name)}" for source, name in columns)
    path = folder / "data" / f"{view.name}.parquet"
    with replacing(path) as beside:
        writer = None
        for frame in warehouse.batches(f"select {shown} from {qualified(table_name(Key.parse(view.source)))}"):
            table = _moments(frame, view).to_arrow()
            writer = writer or pq.ParquetWriter(beside, table.schema)
            writer.write_table(table)
        if writer is None:
            raise SourceError(f"{view.source} has no rows", "materialize it first: Feast takes the types from the file")
        writer.close()
    return path


def _moments(frame: "pl.DataFrame", view: FeatureView) -> "pl.DataFrame":
    import polars as pl

    dated = [f.name for f in view.features if f.type in ("date", "timestamp")]
    for name in (view.timestamp, *([view.created] if view.created else []), *dated):
        kind = frame.schema[name]
        column = pl.col(name)
        zoned = isinstance(kind, pl.Datetime) and kind.time_zone is not None
        column = (
            column.dt.convert_time_zone("UTC") if zoned else column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        )
        frame = frame.with_columns(column)
    doubles = [f.name for f in view.features if f.type == "double"]
    return frame.with_columns(pl.col(doubles).cast(pl.Float64))
