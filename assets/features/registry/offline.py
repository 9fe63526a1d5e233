"""Point-in-time join: for each entity row the last values that were known at its moment, computed in the warehouse.

A row of a view counts for an entity row when its keys are equal and its event time is neither after the entity row's
moment nor, where the view has a ttl, earlier than the moment less the ttl (both ends count, as in Feast). The latest
such row gives all values of its view, nulls included. Of rows with the same keys and time the one with the latest
`created` counts, then the one with the greatest values in the order of the features, so the result is the same each
time. Keys and moments that are null match nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from assets.features.registry.model import Feature, FeatureView, duration
from assets.features.registry.refs import Asked, resolve
from assets.features.registry.source import SQL_TYPES, check, is_zoned, moment
from core.errors import SourceError
from core.naming import Key, table_name
from resources.quoting import identifier, qualified

if TYPE_CHECKING:
    import polars as pl

    from resources.ports import WarehouseReader

ROW, AT = "heddle_row", "heddle_at"


def historical(
    warehouse: "WarehouseReader",
    views: Mapping[str, FeatureView],
    entities: "pl.DataFrame",
    refs: Iterable[str],
    *,
    at: str = "event_timestamp",
    full_names: bool = False,
) -> "pl.DataFrame":
    """The entity rows, in their order, with a column per feature.

    Args:
        entities: join keys of all views asked for, and the moments (date or datetime; UTC where it has no zone).
        refs: `view:feature`, or `view` for all of its features.
        at: column with the moments.
        full_names: call columns `view__feature`.

    Raises:
        SourceError: a view, feature or column is missing or of another type.
    """
    import polars as pl

    asked = resolve(views, refs, full_names)
    taken = sorted({a.column for a in asked} & set(entities.columns))
    if taken:
        raise SourceError(f"the entity rows have a column {taken[0]!r} already", "rename it, or ask for full names")
    used = list({a.view.name: a.view for a in asked}.values())
    frame = entities.select(_moments(entities, at), *_keys(entities, used)).with_row_index(ROW)
    selects = [view_rows(warehouse, view, [a.feature for a in asked if a.view is view]) for view in used]
    join = _asof if warehouse.dialect == "duckdb" else _running
    found = warehouse.query_beside(join(used, selects, asked), frame.with_columns(pl.col(ROW).cast(pl.Int64)))
    return entities.hstack(found.sort(ROW).drop(ROW))


def _moments(entities: "pl.DataFrame", at: str) -> "pl.Expr":
    import polars as pl

    kind = entities.schema.get(at)
    if kind is None:
        raise SourceError(f"the entity rows have no column {at!r}", f"they have {', '.join(entities.columns)}")
    if not isinstance(kind, pl.Date | pl.Datetime):
        raise SourceError(f"column {at!r} of the entity rows is {kind}", "make it a date or a datetime")
    moments = pl.col(at)
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        moments = moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return moments.cast(pl.Datetime("us")).alias(AT)


def _keys(entities: "pl.DataFrame", views: Sequence[FeatureView]) -> "list[pl.Expr]":
    import polars as pl

    kinds: dict[str, str] = {}
    for view in views:
        for key in view.keys:
            if key.name not in entities.columns:
                raise SourceError(f"the entity rows lack {key.name!r}, a key of {view.name}", "add the column")
            if kinds.setdefault(key.name, key.type) != key.type:
                raise SourceError(
                    f"key {key.name!r} of {view.name} is {key.type} but not in another view", "align them"
                )
            if key.type == "bigint" and not (dtype := entities.schema[key.name]).is_integer():
                raise SourceError(f"key {key.name!r} of the entity rows is {dtype}, not an integer", "cast it first")
    return [pl.col(name).cast(pl.Int64 if kind == "bigint" else pl.String) for name, kind in kinds.items()]


def view_rows(warehouse: "WarehouseReader", view: FeatureView, features: Sequence[Feature]) -> str:
    """The SELECT of a view's rows: its keys, AT, and the features by their names; one row for each key and time."""
    check(warehouse, view)
    zoned = is_zoned(warehouse, view)
    table = qualified(table_name(Key.parse(view.source)))
    keys = [f"cast({identifier(k.name)} as {SQL_TYPES[k.type]}) as {identifier(k.name)}" for k in view.keys]
    values = [f"cast({identifier(f.source)} as {SQL_TYPES[f.type]}) as {identifier(f.name)}" for f in features]
    unique = [*(identifier(k.name) for k in view.keys), moment(view.timestamp, zoned)]
    known = " and ".join(f"{identifier(c)} is not null" for c in (view.timestamp, *(k.name for k in view.keys)))
    select = f"select {', '.join([*keys, f'{unique[-1]} as {AT}', *values])} from {table} where {known}"
    by = ", ".join(unique)
    ties = f"select 1 from {table} where {known} group by {by} having count(*) > 1 limit 1"
    if not warehouse.query(f"select count(*) from ({ties}) as t").item():
        return select
    order = [f"{identifier(c)} desc nulls last" for c in ([view.created] if view.created else [])]
    order += [f"{identifier(f.source)} desc nulls last" for f in view.features]
    return select.replace("select ", f"select distinct on ({by}) ", 1) + f" order by {', '.join([*unique, *order])}"


def _asof(views: Sequence[FeatureView], selects: Sequence[str], asked: Sequence[Asked]) -> str:
    """DuckDB: one ASOF join a view, a sort-merge of both sides."""
    joins = []
    for n, (view, select) in enumerate(zip(views, selects, strict=True)):
        keys = " and ".join(f"e.{identifier(k.name)} = v{n}.{identifier(k.name)}" for k in view.keys)
        joins.append(f"asof left join ({select}) as v{n} on {keys} and e.{AT} >= v{n}.{AT}")
    return f"select e.{ROW}, {_values(views, asked)} from heddle_frame as e {' '.join(joins)}"


def _running(views: Sequence[FeatureView], selects: Sequence[str], asked: Sequence[Asked]) -> str:
    """PostgreSQL, which has no ASOF join: the running maximum of event times over both sides in the order of time is
    the time of the row that counts. One sort a view; a lateral join would need an index on the view's table.
    """
    parts, joins = [], []
    for n, (view, select) in enumerate(zip(views, selects, strict=True)):
        keys = ", ".join(identifier(k.name) for k in view.keys)
        parts.append(f"v{n} as materialized ({select})")
        parts.append(
            f"m{n} as (select {ROW}, max(seen) over (partition by {keys} order by {AT}, {ROW} nulls first"
            f" rows unbounded preceding) as seen from (select {keys}, {AT}, {AT} as seen, cast(null as bigint) as {ROW}"
            f" from v{n} union all select {keys}, {AT}, null, {ROW} from heddle_frame where {AT} is not null) as b{n})"
        )
        same = " and ".join(f"v{n}.{identifier(k.name)} = e.{identifier(k.name)}" for k in view.keys)
        joins.append(f"left join (select * from m{n} where {ROW} is not null) as f{n} on f{n}.{ROW} = e.{ROW}")
        joins.append(f"left join v{n} on {same} and v{n}.{AT} = f{n}.seen")
    values = _values(views, asked)
    return f"with {', '.join(parts)} select e.{ROW}, {values} from heddle_frame as e {' '.join(joins)}"


def _values(views: Sequence[FeatureView], asked: Sequence[Asked]) -> str:
    number = {view.name: n for n, view in enumerate(views)}
    found = []
    for one in asked:
        n = number[one.view.name]
        value, ttl = f"v{n}.{identifier(one.feature.name)}", duration(one.view.ttl)
        if ttl is not None:
            seconds = int(ttl.total_seconds())
            value = f"case when v{n}.{AT} >= e.{AT} - interval '{seconds} seconds' then {value} end"
        found.append(f"{value} as {identifier(one.column)}")
    return ", ".join(found)
