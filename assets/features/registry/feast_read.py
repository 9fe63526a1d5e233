"""Reads a Feast repository's definitions as text: Python files are parsed, never run.

Understood are `Entity`, `FileSource` and the table sources of warehouses, `FeatureView`, `Field`, `Feature` and
`ValueType`, assigned to names at the top level of the files, with literals, names, lists and `timedelta(…)` as
arguments. Anything else that a view depends on is refused with file, line and name.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from assets.documents import loaded, shaped
from assets.features.registry.model import FeatureView
from core.errors import SourceError
from core.slug import slug

TYPES = {
    "int32": "bigint",
    "int64": "bigint",
    "float32": "double",
    "float64": "double",
    "float": "double",
    "double": "double",
    "string": "text",
    "bool": "boolean",
    "unixtimestamp": "timestamp",
    "unix_timestamp": "timestamp",
}
SOURCES = ("FileSource", "PostgreSQLSource", "SnowflakeSource", "BigQuerySource", "RedshiftSource", "TrinoSource")
VIEWS = ("FeatureView", "BatchFeatureView")
SHOWN = 80  # characters of what stands in a file
REFUSED = ("OnDemandFeatureView", "StreamFeatureView", "on_demand_feature_view", "stream_feature_view")


class Call(NamedTuple):
    """One call at the top level: its class's name, its arguments, where it stands."""

    kind: str
    place: str
    given: dict[str, ast.expr]


def read_repo(folder: Path, assets: Mapping[str, str]) -> list[FeatureView]:
    """The views of a Feast repository.

    Args:
        assets: name of a Feast source -> key of the asset that has its rows here; others become
            `raw/feast/<name of the source>`.

    Raises:
        SourceError: it is no Feast repository, or something cannot be read; names file and line.
    """
    _store(folder / "feature_store.yaml")
    names: dict[str, Call] = {}
    calls: list[Call] = []
    for path in sorted(folder.rglob("*.py")):
        for name, call in _calls(path):
            calls.append(call)
            if name:
                names[name] = call
    found = [_view(call, names, assets) for call in calls if call.kind in VIEWS]
    if not found:
        raise SourceError(f"{folder} defines no FeatureView", "name the folder with feature_store.yaml")
    return found


def _store(path: Path) -> None:
    content = loaded(path)
    if not isinstance(content, dict) or "project" not in content:
        raise SourceError(f"{path}: field project is missing", "name the folder of a Feast repository")


def _calls(path: Path) -> Iterator[tuple[str, Call]]:
    """(name it is assigned to, call) for the calls at the top level."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError) as error:  # nested too deeply, zero bytes
        raise SourceError(f"{path} is no Python: {error}", "correct the file") from None
    for node in tree.body:
        place = f"{path.name} line {node.lineno}"
        if isinstance(node, ast.FunctionDef) and any(_name(d) in REFUSED for d in node.decorator_list):
            raise _cannot(place, f"{node.name}: features computed by a function on request")
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) or not isinstance(node.value, ast.Call):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        kind = _name(node.value.func)
        if kind in REFUSED:
            raise _cannot(place, kind)
        given = {k.arg: k.value for k in node.value.keywords if k.arg}
        if node.value.args and kind in (*VIEWS, *SOURCES, "Entity"):
            given.setdefault("name", node.value.args[0])
        yield target.id if isinstance(target, ast.Name) else "", Call(kind, place, given)


def _view(call: Call, names: Mapping[str, Call], assets: Mapping[str, str]) -> FeatureView:
    name = str(_literal(call, "name"))
    entities = [_named(call, item, names, ("Entity",)) for item in _items(call, "entities")]
    if len(entities) != 1:
        raise _cannot(call.place, f"{name} with {len(entities)} entities: one is needed")
    source = _named(call, call.given.get("source") or call.given.get("batch_source"), names, SOURCES)
    told = str(_literal(source, "name", "") or _literal(source, "table", "") or _literal(source, "path", ""))
    told = Path(told).stem if "/" in told or told.endswith(".parquet") else told
    content: dict[str, Any] = {
        "name": slug(name),
        "entity": slug(str(_literal(entities[0], "name"))),
        "keys": [
            {"name": key, "type": _type(entities[0], entities[0].given.get("value_type"), "bigint")}
            for key in _join_keys(entities[0])
        ],
        "source": assets.get(told) or f"raw/feast/{slug(told)}",
        "timestamp": _literal(source, "timestamp_field", "") or _literal(source, "event_timestamp_column", ""),
        "created": _literal(source, "created_timestamp_column", "") or "",
        "features": [_feature(call, item) for item in _items(call, "schema", "features")],
        "description": _literal(call, "description", "") or "",
        "owner": _literal(call, "owner", "") or "team:data",
        "tags": _literal(call, "tags", {}) or {},
        "ttl": _ttl(call),
        "online": bool(_literal(call, "online", True)),
    }
    keys = {k["name"] for k in content["keys"]}
    content["features"] = [f for f in content["features"] if f["name"] not in keys]
    return shaped(content, FeatureView, f"{call.place}: {name}", "correct it in the file")


def _join_keys(entity: Call) -> list[str]:
    many = _literal(entity, "join_keys", None)
    return list(many) if many else [str(_literal(entity, "join_key", "") or _literal(entity, "name"))]


def _feature(call: Call, item: ast.expr) -> dict[str, str]:
    if not isinstance(item, ast.Call) or _name(item.func) not in ("Field", "Feature"):
        raise _cannot(call.place, f"schema entry `{_text(item)}`")
    given = {k.arg: k.value for k in item.keywords if k.arg}
    field = Call("Field", f"{call.place.rsplit(' ', 1)[0]} {item.lineno}", given)
    if item.args:
        given.setdefault("name", item.args[0])
    kind = _type(field, given.get("dtype"), "")
    found = {"name": str(_literal(field, "name")), "type": kind, "description": _literal(field, "description", "")}
    return {k: v for k, v in found.items() if v}


def _type(call: Call, node: ast.expr | None, default: str) -> str:
    if node is None and default:
        return default
    told = _name(node).lower() if node is not None else ""
    if told not in TYPES:
        raise _cannot(call.place, f"type `{_text(node)}`")
    return TYPES[told]


def _ttl(call: Call) -> str:
    node = call.given.get("ttl")
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return ""
    if not isinstance(node, ast.Call) or _name(node.func) != "timedelta":
        raise _cannot(call.place, f"ttl `{_text(node)}`")
    units = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
    try:
        parts = dict(zip(units, map(ast.literal_eval, node.args), strict=False))
        parts |= {k.arg or "": ast.literal_eval(k.value) for k in node.keywords}
        seconds = int(timedelta(**parts).total_seconds())
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise _cannot(call.place, f"ttl `{_text(node)}`") from None
    if not seconds:
        return ""
    sizes = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    return next(f"{seconds // size}{unit}" for unit, size in sizes if not seconds % size)


def _items(call: Call, *fields: str) -> Sequence[ast.expr]:
    node = next((call.given[f] for f in fields if f in call.given), None)
    if not isinstance(node, ast.List | ast.Tuple):
        raise _cannot(call.place, f"{fields[0]} `{_text(node)}`: write a list")
    return node.elts


def _named(call: Call, node: ast.expr | None, names: Mapping[str, Call], kinds: Sequence[str]) -> Call:
    found = names.get(node.id) if isinstance(node, ast.Name) else None
    if isinstance(node, ast.Call):
        found = Call(_name(node.func), call.place, {k.arg: k.value for k in node.keywords if k.arg})
    elif isinstance(node, ast.Constant):  # old Feast named entities by text
        found = next((c for c in names.values() if c.kind in kinds and _literal(c, "name", "") == node.value), None)
    if found is None or found.kind not in kinds:
        raise _cannot(call.place, f"`{_text(node)}`, which is no {' or '.join(kinds[:2])} of these files")
    return found


def _literal(call: Call, field: str, *default: Any) -> Any:
    node = call.given.get(field)
    if node is None and default:
        return default[0]
    if node is None:
        raise _cannot(call.place, f"{call.kind} without {field}")
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        told = f"{field} `{_text(node)}` of {call.kind}, which only running the file would tell"
        raise _cannot(call.place, told) from None


def _text(node: ast.expr | None) -> str:
    """What stands in the file, cut short."""
    try:
        text = ast.unparse(node) if node is not None else "missing"
    except RecursionError:
        text = "…"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _cannot(place: str, what: str) -> SourceError:
    return SourceError(f"{place}: cannot take over {what}", "write it as a literal, or leave it out of the repository")
