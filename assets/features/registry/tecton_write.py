"""The feature views as Python for Tecton's SDK 1.x, by its published reference: definitions alone, no data.

Each view reads its table from the Hive metastore of the workspace (`HiveConfig`) by Spark SQL, which renames columns
and keeps of rows of one moment the one that was written last. Aggregates stay where they are computed: every feature is
an `Attribute`.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from assets.features.registry.model import FeatureView, duration
from core.errors import SourceError
from core.naming import Key, table_name

TYPES = {
    "bigint": "Int64",
    "double": "Float64",
    "text": "String",
    "boolean": "Bool",
    "date": "Timestamp",
    "timestamp": "Timestamp",
}
NEWEST = "__newest"  # numbers the rows of one moment
_HEAD = '''"""Feature views, exported from the feature registry."""

from datetime import datetime, timedelta

from tecton import Attribute, BatchSource, Entity, HiveConfig, batch_feature_view
from tecton.types import Bool, Field, Float64, Int64, String, Timestamp
'''


def python(views: Iterable[FeatureView], start: date | None = None) -> str:
    """The definitions as the text of a Python module.

    Args:
        start: day from which on Tecton fills online views.

    Raises:
        SourceError: two views give one entity other keys, or there is an online view and no `start`.
    """
    lines = [_HEAD]
    entities: dict[str, FeatureView] = {}
    for view in views:
        known = entities.setdefault(view.entity, view)
        if known.keys != view.keys:
            raise SourceError(
                f"entity {view.entity} has other keys in {view.name} than in {known.name}", "call one otherwise"
            )
        if view.online and start is None:
            raise SourceError(
                f"{view.name} is online, and Tecton wants to know from which day on it is filled",
                "give the day: --start 2024-01-01",
            )
        lines += [*(_entity(view) if known is view else ()), *_source(view), *_view(view, start)]
    return "\n".join(lines)


def sql(view: FeatureView) -> tuple[str, str]:
    """The Spark SQL of a view, in two parts: before and after the name of its source."""
    from sqlglot import exp

    def name(text: str) -> str:
        return exp.to_identifier(text, quoted=True).sql("spark")

    dated = {f.source for f in view.features if f.type == "date"} | {view.timestamp}
    columns = [(k.name, k.name) for k in view.keys] + [(view.timestamp, view.timestamp)]
    columns += [(f.source, f.name) for f in view.features]
    said = [f"cast({name(c)} as timestamp)" if c in dated else name(c) for c, _ in columns]
    chosen = ", ".join(f"{one} as {name(alias)}" for one, (_, alias) in zip(said, columns, strict=True))
    if not view.created:
        return f"select {chosen} from ", ""
    moment = ", ".join(name(c) for c in (*(k.name for k in view.keys), view.timestamp))
    newest = f"row_number() over (partition by {moment} order by {name(view.created)} desc) as {NEWEST}"
    return f"select {chosen} from (select *, {newest} from ", f") where {NEWEST} = 1"


def _entity(view: FeatureView) -> Iterator[str]:
    yield f"\nentity_{view.entity} = Entity("
    yield f"    name={view.entity!r},"
    yield f"    join_keys=[{', '.join(f'Field({k.name!r}, {TYPES[k.type]})' for k in view.keys)}],"
    yield ")"


def _source(view: FeatureView) -> Iterator[str]:
    table = table_name(Key.parse(view.source))
    yield f"\nsource_{view.name} = BatchSource("
    yield f"    name={view.name + '_source'!r},"
    yield "    batch_config=HiveConfig("
    yield f"        database={table.schema!r}, table={table.name!r}, timestamp_field={view.timestamp!r}"
    yield "    ),"
    yield f"    owner={view.owner!r},"
    yield ")"


def _view(view: FeatureView, start: date | None) -> Iterator[str]:
    ttl, (before, after) = duration(view.ttl), sql(view)
    yield "\n\n@batch_feature_view("
    yield f"    name={view.name!r},"
    yield f"    sources=[source_{view.name}],"
    yield f"    entities=[entity_{view.entity}],"
    yield '    mode="spark_sql",'
    yield f"    timestamp_field={view.timestamp!r},"
    yield "    features=["
    for f in view.features:
        yield f"        Attribute({f.name!r}, {TYPES[f.type]}, description={f.description or None!r}),"
    yield "    ],"
    if ttl is not None:
        yield f"    ttl=timedelta(seconds={int(ttl.total_seconds())}),"
    if view.online and start is not None:
        yield f"    online={view.online},"
        yield f"    feature_start_time=datetime({start.year}, {start.month}, {start.day}),"
        yield "    batch_schedule=timedelta(days=1),"
    yield f"    description={view.description or None!r},"
    yield f"    owner={view.owner!r},"
    yield f"    tags={view.tags!r},"
    yield ")"
    yield f"def view_{view.name}(source):"
    yield f"    return {before!r} + source" + (f" + {after!r}" if after else "") + "\n"
