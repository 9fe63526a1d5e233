"""`heddle features`: the feature registry, values of now and of past moments, and the exchange with Feast."""

from pathlib import Path
from typing import Any

import click

from assets.features.registry.files import load_views
from assets.features.registry.model import KIND, FeatureView
from core import settings as config
from core.errors import SourceError
from orchestration.cli.features_exchange import COMMANDS
from orchestration.cli.seen import access_of, warehouse_of
from orchestration.cli.visible import visible
from orchestration.cli.writing import replaced


@click.group()
def features() -> None:
    """Feature views: which features there are, who uses them, their values now and at past moments.

    Each view is a YAML file under features/ of HEDDLE_CATALOG_FILES (docs/features.md).

    \b
    Examples:
      heddle features list
      heddle features show household_weekly
      heddle features push household_weekly
      heddle features get household_weekly:spend_4w --key household_id=1 --key household_id=7
      heddle features join asked.parquet -f household_weekly -f coupon_pace:mean_days -o train.parquet
      heddle features feast-export ./feast_repo
    """


@features.command("list")
def list_views() -> None:
    """All views with their entity, table, features, and how many datasets, models and endpoints use them.

    \b
    Example:
      heddle features list
    """
    from rich.console import Console
    from rich.table import Table

    from assets.catalog.lineage.store import LineageStore
    from assets.features.registry.lineage import users

    settings = config.load()
    graph = LineageStore(settings.catalog)
    table = Table("view", "entity", "source", "features", "ttl", "online", "owner", "used by", box=None)
    for v in load_views(settings).values():
        used = {key for f in v.features for key in users(graph, v, f.name)}
        table.add_row(
            v.name, v.entity, v.source, str(len(v.features)), v.ttl, "yes" if v.online else "", v.owner, str(len(used))
        )
    Console(markup=False, emoji=False).print(table)


@features.command()
@click.argument("name")
def show(name: str) -> None:
    """A view: its features with types, descriptions and users, and its versions.

    \b
    Example:
      heddle features show coupon_pace
    """
    from rich.console import Console
    from rich.table import Table

    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.store.versions import Versions
    from assets.features.registry.lineage import record, users

    settings = config.load()
    view = _view(settings, name)
    versions, graph = Versions(settings.catalog), LineageStore(settings.catalog)
    record(versions, load_views(settings).values())
    console = Console(markup=False, emoji=False)
    console.print(f"{view.name}  {view.description}", highlight=False)
    keys = ", ".join(f"{k.name} {k.type}" for k in view.keys)
    console.print(f"entity {view.entity} ({keys}), from {view.source}, known at {view.timestamp}", highlight=False)
    console.print(f"ttl {view.ttl or 'none'}, owner {view.owner}, online {'yes' if view.online else 'no'}")
    table = Table("feature", "type", "column", "description", "used by", box=None)
    for f in view.features:
        table.add_row(f.name, f.type, f.source, f.description, ", ".join(users(graph, view, f.name)))
    console.print(table)
    for version in versions.history(KIND, name):
        console.print(f"version {version.number}  {version.change.at}  {version.change.author}", highlight=False)


@features.command()
@click.argument("names", nargs=-1)
@click.option("--whole", is_flag=True, help="All entities, also of append-only views.")
def push(names: tuple[str, ...], whole: bool) -> None:
    """Bring the last values of online views to the online store; all of them if none is named.

    \b
    Example:
      heddle features push household_weekly
    """
    from assets.features.registry.push import push as push_view
    from resources.open import online, warehouse

    settings = config.load()
    views = [_view(settings, n) for n in names] or [v for v in load_views(settings).values() if v.online]
    store = online(settings)
    for view in views:
        if not view.online:
            raise SourceError(f"feature view {view.name} is not online", f"set `online: true` in {view.name}.yaml")
        done = push_view(warehouse(settings), store, view, whole=whole)
        what = "all entities" if done.whole else "what is new"
        click.echo(f"{view.name}: {done.written} rows written ({what}), {store.rows(view.name)} entities online")
    store.close()


@features.command()
@click.argument("refs", nargs=-1, required=True)
@click.option("--key", "keys", multiple=True, required=True, help="NAME=VALUE of an entity; repeat for more entities.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def get(refs: tuple[str, ...], keys: tuple[str, ...], as_json: bool) -> None:
    """Online values of VIEW:FEATURE or of all features of VIEW.

    \b
    Example:
      heddle features get household_weekly:spend_4w household_weekly:visits_4w --key household_id=1
    """
    import orjson
    from rich.console import Console
    from rich.table import Table

    from assets.features.registry.online import OnlineReader
    from assets.features.registry.push import pushed_head
    from assets.security.access.online import seen
    from resources.open import online

    store = online(config.load())
    heads = [head for r in refs if (head := pushed_head(store, r.partition(":")[0])) is not None]
    kinds = {name: kind for head in heads for name, kind in head.keys}
    entities: dict[str, list[Any]] = {}
    for given in keys:
        name, _, value = given.partition("=")
        entities.setdefault(name, []).append(_typed(name, value, kinds.get(name, "text")))
    try:
        read = OnlineReader(store).read(refs, entities)
    finally:
        store.close()
    found = seen(access_of("heddle features get"), load_views(config.load()), read, entities)
    rows = list(zip(*entities.values(), strict=True))
    if as_json:
        told = [{"feature": v.ref, "values": v.values, "statuses": v.statuses} for v in found]
        click.echo(orjson.dumps({"entities": entities, "features": told}).decode())
        return
    table = Table("feature", *(", ".join(map(str, row)) for row in rows), box=None)
    for v in found:
        shown = (visible(str(x)) if s == "PRESENT" else s for x, s in zip(v.values, v.statuses, strict=True))
        table.add_row(v.ref, *shown)
    Console(markup=False, emoji=False).print(table)


@features.command()
@click.argument("entities", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-f", "--feature", "refs", multiple=True, required=True, help="VIEW:FEATURE, or VIEW for all of it.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Parquet file.")
@click.option("--at", default="event_timestamp", show_default=True, help="Column with the moments.")
@click.option("--full-names", is_flag=True, help="Call columns view__feature.")
def join(entities: Path, refs: tuple[str, ...], output: Path, at: str, full_names: bool) -> None:
    """Point-in-time join: the values that were known at the moment of each row of a Parquet or CSV file.

    \b
    Example:
      heddle features join asked.csv -f household_weekly:spend_4w --at day -o train.parquet
    """
    import polars as pl

    from assets.features.registry.offline import historical

    settings = config.load()
    try:
        read = pl.read_csv(entities, try_parse_dates=True) if entities.suffix == ".csv" else pl.read_parquet(entities)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{entities} cannot be read: {error}", "give a Parquet or CSV file") from None
    mine = warehouse_of("heddle features join")
    found = historical(mine, load_views(settings), read, refs, at=at, full_names=full_names)
    with replaced(output) as beside:
        found.write_parquet(beside)
    click.echo(f"{found.height} rows, {found.width} columns in {output}")


@features.command()
def fresh() -> None:
    """How fresh the online views are; exit status 1 when one is behind its table or stale.

    \b
    Example:
      heddle features fresh
    """
    from rich.console import Console
    from rich.table import Table

    from assets.features.registry.fresh import FRESH
    from assets.features.registry.fresh import fresh as states
    from resources.open import online, warehouse

    settings = config.load()
    store = online(settings)
    found = states(warehouse(settings), store, load_views(settings).values())
    store.close()
    table = Table("view", "state", "entities", "newest online", "newest in the table", "pushed", box=None)
    for f in found:
        table.add_row(f.view, f.state, str(f.rows), *(str(m or "") for m in (f.newest, f.source_newest, f.pushed)))
    Console(markup=False, emoji=False).print(table)
    if any(f.state != FRESH for f in found):
        raise click.exceptions.Exit(1)


def _view(settings: config.Settings, name: str) -> FeatureView:
    views = load_views(settings)
    if name not in views:
        raise SourceError(f"there is no feature view {name!r}", f"there are: {', '.join(views) or 'none'}")
    return views[name]


def _typed(name: str, value: str, kind: str) -> Any:
    if kind != "bigint":
        return value
    try:
        return int(value)
    except ValueError:
        raise SourceError(f"--key {name}={value}: {value!r} is no number", f"{name} is a bigint") from None


for _command in COMMANDS:
    features.add_command(_command)
