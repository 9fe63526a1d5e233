"""Column lineage of polars plans: the plan of a LazyFrame is walked, nothing is run and no data are read.

The plan comes from `LazyFrame.serialize(format="json")`, which polars keeps for looking at plans. Each input stands in
it as a frame of nulls whose height says which input it is. Selectors and stars are resolved by polars against the
schema of the node below. A node that is not known here makes an error: nothing is guessed.
"""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from assets.catalog.lineage.model import DATA, Edge
from core.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

Node = Mapping[str, Any]
Leaf = tuple[str, str]  # input and its column
Columns = dict[str, frozenset[Leaf]]
NONE: frozenset[Leaf] = frozenset()
SAME = ("Slice", "Cache", "Sink", "SinkMultiple", "ExtContext")  # rows or none of them, columns as they are
SAME_FUNCTIONS = ("Rechunk", "Explode", "Unnest", "FastCount", "Hint", "Shrink")


@dataclass
class Traced:
    """What a plan makes its columns from.

    Attributes:
        columns: output column -> the columns of inputs that flow into it.
        influences: column of an input -> how it decides which rows there are: filter, join, group.
    """

    columns: dict[str, frozenset[Leaf]]
    influences: dict[Leaf, frozenset[str]] = field(default_factory=dict)

    def edges(self, key: str) -> list[Edge]:
        """As edges of the lineage graph to the asset `key`; inputs are named by their keys."""
        values = [Edge(k, c, key, name, DATA) for name, found in self.columns.items() for k, c in sorted(found)]
        rows = [Edge(k, c, key, "", how) for (k, c), hows in self.influences.items() for how in sorted(hows)]
        return values + rows


def trace(make: "Callable[..., pl.LazyFrame]", inputs: "Mapping[str, Mapping[str, pl.DataType]]") -> Traced:
    """The lineage of what `make` returns when it is called with a LazyFrame for each input, in their order.

    Args:
        inputs: key of an input -> its schema.

    Raises:
        SourceError: the plan has a part that cannot be followed; it is named.
    """
    import polars as pl

    marked = [pl.DataFrame(schema=dict(s)).clear(n).lazy() for n, s in enumerate(inputs.values(), 1)]
    return trace_frame(make(*marked), list(inputs))


def trace_frame(frame: "pl.LazyFrame", inputs: Sequence[str] = (), files: Mapping[str, str] | None = None) -> Traced:
    """The lineage of a LazyFrame.

    Args:
        inputs: names of the frames of nulls by their height, from 1; other frames count as constants.
        files: path of a scanned file -> its key; by default the path.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # polars warns that plans differ between its versions: an unknown node is told
        text = frame.serialize(format="json")
    walk = _Walk(list(inputs), dict(files or {}))
    columns = walk.columns(json.loads(text))
    names = frame.collect_schema().names()
    return Traced({n: columns.get(n, NONE) for n in names}, {k: frozenset(v) for k, v in walk.influences.items()})


class _Walk:
    def __init__(self, inputs: list[str], files: dict[str, str]) -> None:
        self.inputs = inputs
        self.files = files
        self.influences: dict[Leaf, set[str]] = {}

    def columns(self, node: Node) -> Columns:
        """Each column of a node with what it is made from."""
        ((kind, body),) = node.items()
        if kind == "IR":  # a plan of which polars has asked for the schema
            return self.columns(body["dsl"])
        if kind in SAME:
            return self.columns(body["input"])
        method = getattr(self, f"_{kind.lower()}", None)
        if method is None:
            raise SourceError(f"a polars plan has {kind}, whose lineage is not known", "state the lineage by hand")
        return cast("Columns", method(body, node))

    def _dataframescan(self, body: Node, node: Node) -> Columns:
        frame = _frame(node).frame.collect()
        if not 0 < frame.height <= len(self.inputs) or any(n < frame.height for n in frame.null_count().row(0)):
            return dict.fromkeys(frame.columns, NONE)  # a table of constants within the code
        key = self.inputs[frame.height - 1]
        return {name: frozenset({(key, name)}) for name in _names(node)}

    def _scan(self, body: Node, node: Node) -> Columns:
        paths = [str(p.get("inner", p) if isinstance(p, dict) else p) for p in body["sources"].get("Paths", ())]
        if not paths:
            raise SourceError("a polars plan scans what is no path", "name its files")
        keys = dict.fromkeys(self.files.get(p, p) for p in paths)
        return {name: frozenset((key, name) for key in keys) for name in _names(node)}

    def _filter(self, body: Node, node: Node) -> Columns:
        found = self.columns(body["input"])
        self._decide("filter", [body["predicate"]], body["input"], found)
        return found

    def _sort(self, body: Node, node: Node) -> Columns:
        return self.columns(body["input"])

    def _distinct(self, body: Node, node: Node) -> Columns:
        found = self.columns(body["input"])
        subset = body["options"].get("subset")
        self._decide("group", subset or [{"Column": n} for n in found], body["input"], found)
        return found

    def _select(self, body: Node, node: Node) -> Columns:
        found = self.columns(body["input"])
        return dict(self._made(body["expr"], body["input"], found))

    def _hstack(self, body: Node, node: Node) -> Columns:
        found = self.columns(body["input"])
        return found | dict(self._made(body["exprs"], body["input"], found))

    def _groupby(self, body: Node, node: Node) -> Columns:
        if body.get("apply") is not None:
            raise SourceError("a polars plan applies a function to groups", "state the lineage by hand")
        found = self.columns(body["input"])
        options = body.get("options") or {}
        times = [{"Column": options[how]["index_column"]} for how in ("dynamic", "rolling") if options.get(how)]
        keys = [*body["keys"], *times]
        self._decide("group", keys, body["input"], found)
        made = {n: found.get(str(times[0]["Column"]), NONE) for n in _names(node)} if times else {}
        return made | dict(self._made([*keys, *body["aggs"]], body["input"], found))

    def _join(self, body: Node, node: Node) -> Columns:
        left, right = self.columns(body["input_left"]), self.columns(body["input_right"])
        condition, args = body["condition"], body["options"]["args"]
        one, other = condition.get("Equi"), condition.get("NonEqui")
        if one is not None:
            self._decide("join", one["left_on"], body["input_left"], left)
            self._decide("join", one["right_on"], body["input_right"], right)
        both = dict(left)
        suffix = args.get("suffix") or "_right"
        for name, leaves in right.items():
            both[f"{name}{suffix}" if name in left else name] = leaves
        if other is not None:
            for predicate in other["predicates"]:
                self._influence("join", [leaf for n in _columns_in(predicate) for leaf in both.get(n, NONE)])
        found = {name: both.get(name, right.get(name, NONE)) for name in _names(node)}
        if one is not None and _coalesced(args.get("how")):
            for a, b in zip(one["left_on"], one["right_on"], strict=True):
                if "Column" in a and "Column" in b and a["Column"] in found:
                    found[a["Column"]] = left[a["Column"]] | right[b["Column"]]
        return found

    def _union(self, body: Node, node: Node) -> Columns:
        made: Columns = {}
        for part in body["inputs"]:
            for name, leaves in self.columns(part).items():
                made[name] = made.get(name, NONE) | leaves
        return made

    def _hconcat(self, body: Node, node: Node) -> Columns:
        return {name: leaves for part in body["inputs"] for name, leaves in self.columns(part).items()}

    def _mapfunction(self, body: Node, node: Node) -> Columns:
        found, function = self.columns(body["input"]), body["function"]
        kind, said = next(iter(function.items())) if isinstance(function, dict) else (function, {})
        if kind == "Rename":
            names = dict(zip(said["existing"], said["new"], strict=True))
            return {names.get(n, n): leaves for n, leaves in found.items()}
        if kind == "RowIndex":
            return {said["name"]: NONE} | found
        if kind == "Unpivot":
            args = said["args"]
            chosen = _selected(args["on"], body["input"]) if args["on"] else []
            index = _selected(args["index"], body["input"])
            of = frozenset(leaf for n in chosen or found.keys() - set(index) for leaf in found[n])
            name, value = args["variable_name"] or "variable", args["value_name"] or "value"
            return {n: found[n] for n in index} | {name: NONE, value: of}
        if kind in SAME_FUNCTIONS and set(_names(node)) == set(found):
            return found
        raise SourceError(f"a polars plan has {kind}, whose lineage is not known", "state the lineage by hand")

    def _made(self, expressions: Sequence[Node], below: Node, found: Columns) -> Iterator[tuple[str, frozenset[Leaf]]]:
        for expression in expressions:
            names = _frame(below).outputs(expression)
            fixed = frozenset(leaf for n in _columns_in(expression) for leaf in found.get(n, NONE))
            chosen = [_selected(s, below) for s in _selectors(expression)]
            alone = [c for c in chosen if len(c) == len(names)]
            if len(chosen) == 1 and alone:
                yield from ((n, fixed | found.get(c, NONE)) for n, c in zip(names, alone[0], strict=True))
            else:
                every = fixed | {leaf for c in chosen for n in c for leaf in found.get(n, NONE)}
                yield from ((n, every) for n in names)

    def _decide(self, how: str, expressions: Sequence[Node], below: Node, found: Columns) -> None:
        for expression in expressions:
            names = [*_columns_in(expression), *(n for s in _selectors(expression) for n in _selected(s, below))]
            self._influence(how, [leaf for n in names for leaf in found.get(n, NONE)])

    def _influence(self, how: str, leaves: Sequence[Leaf]) -> None:
        for leaf in leaves:
            self.influences.setdefault(leaf, set()).add(how)


class _Below:
    """The plan below a node, asked for what polars knows of it."""

    def __init__(self, frame: "pl.LazyFrame") -> None:
        self.frame = frame

    def names(self) -> list[str]:
        return self.frame.collect_schema().names()

    def outputs(self, expression: Node) -> list[str]:
        import polars as pl

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = pl.Expr.deserialize(json.dumps(expression).encode(), format="json")
        return self.frame.select(made).collect_schema().names()


def _frame(node: Node) -> _Below:
    import io

    import polars as pl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _Below(pl.LazyFrame.deserialize(io.BytesIO(json.dumps(node).encode()), format="json"))


def _names(node: Node) -> list[str]:
    return _frame(node).names()


def _selected(selector: Any, below: Node) -> list[str]:
    return _frame(below).outputs({"Selector": selector})


def _columns_in(expression: Any) -> list[str]:
    """The columns that an expression names, anywhere in it."""
    return list(_found(expression, "Column"))


def _selectors(expression: Any) -> list[Any]:
    return list(_found(expression, "Selector"))


def _found(part: Any, wanted: str) -> Iterator[Any]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == wanted and (wanted == "Selector" or isinstance(value, str)):
                yield value
            elif name not in ("Literal", "Selector"):
                yield from _found(value, wanted)
    elif isinstance(part, list):
        for item in part:
            yield from _found(item, wanted)


def _coalesced(how: Any) -> bool:
    """Whether a key of the result takes values of both sides."""
    return how in ("Inner", "Full", "Right") or (isinstance(how, dict) and bool(how.keys() & {"Full"}))
