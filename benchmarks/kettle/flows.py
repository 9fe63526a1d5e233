"""Ten typical transformations, written with the project's own file writer."""

import itertools
from collections.abc import Callable
from pathlib import Path

from assets.kettle.files.edit import add_connection, add_hop, add_step
from assets.kettle.files.new import Settings, new_connection, new_step, new_transformation
from assets.kettle.files.write import write
from assets.kettle.model import Connection, Transformation
from benchmarks.kettle.data import CUSTOMER_FIELDS, ORDER_FIELDS

DDL = (
    "create table big (id bigint, lastname varchar, city varchar, birthdate timestamp, housenr bigint, "
    "statecode varchar, amount double)"
)
Step = tuple[str, str, Settings]
REGIONS = {
    "CA": "WEST",
    "WA": "WEST",
    "OR": "WEST",
    "NY": "EAST",
    "NJ": "EAST",
    "MA": "EAST",
    "TX": "SOUTH",
    "FL": "SOUTH",
}


def csv_in(name: str, file: Path, fields: tuple[tuple[str, str, str], ...]) -> Step:
    columns = [
        (
            "field",
            [
                ("name", n), ("type", t), ("format", m), ("currency", ""), ("decimal", "."), ("group", ","),
                ("length", "-1"), ("precision", "-1"), ("trim_type", "none"),
            ],
        )
        for n, t, m in fields
    ]  # fmt: skip
    return (
        name,
        "CsvInput",
        [
            ("filename", str(file)), ("include_filename", "N"), ("separator", ";"), ("enclosure", '"'),
            ("header", "Y"), ("buffer_size", "500000"), ("lazy_conversion", "N"), ("parallel", "N"),
            ("newline_possible", "N"), ("encoding", "UTF-8"), ("fields", columns),
        ],
    )  # fmt: skip


def csv_out(file: Path) -> Step:
    return (
        "out",
        "TextFileOutput",
        [
            ("separator", ";"), ("enclosure", '"'), ("enclosure_forced", "N"), ("header", "Y"), ("footer", "N"),
            ("format", "UNIX"), ("compression", "None"), ("encoding", "UTF-8"), ("create_parent_folder", "Y"),
            ("file", [("name", str(file.with_suffix(""))), ("extention", "csv"), ("append", "N"), ("split", "N")]),
            ("fields", ""),
        ],
    )  # fmt: skip


def _condition(field: str, function: str, kind: str, text: str, operator: str = "") -> tuple[str, Settings]:
    head: Settings = [("negated", "N")] + ([("operator", operator)] if operator else [])
    value: Settings = [("name", "constant"), ("type", kind), ("text", text), ("isnull", "N"), ("mask", "")]
    return ("condition", [*head, ("leftvalue", field), ("function", function), ("rightvalue", ""), ("value", value)])


def filter_rows() -> Step:
    both = [_condition("amount", ">", "Number", "2500"), _condition("statecode", "<>", "String", "AK", "AND")]
    compare: Settings = [("condition", [("negated", "N"), ("conditions", both)])]
    return ("filter", "FilterRows", [("send_true_to", ""), ("send_false_to", ""), ("compare", compare)])


def calculator() -> Step:
    lines = (
        ("total", "MULTIPLY", "amount", "housenr", "Number"),
        ("year", "YEAR_OF_DATE", "birthdate", "", "Integer"),
        ("full", "ADD", "city", "lastname", "String"),
        ("upper", "UPPER_CASE", "city", "", "String"),
    )
    return (
        "calc",
        "Calculator",
        [
            (
                "calculation",
                [
                    ("field_name", n), ("calc_type", c), ("field_a", a), ("field_b", b), ("field_c", ""),
                    ("value_type", t), ("value_length", "-1"), ("value_precision", "-1"), ("remove", "N"),
                ],
            )
            for n, c, a, b, t in lines
        ],
    )  # fmt: skip


def value_mapper() -> Step:
    pairs: Settings = [("field", [("source_value", k), ("target_value", v)]) for k, v in REGIONS.items()]
    return (
        "map",
        "ValueMapper",
        [("field_to_use", "statecode"), ("target_field", "region"), ("non_match_default", "OTHER"), ("fields", pairs)],
    )


def replace_string() -> Step:
    return (
        "mask",
        "ReplaceString",
        [
            (
                "fields",
                [
                    (
                        "field",
                        [
                            ("in_stream_name", "lastname"), ("out_stream_name", ""), ("use_regex", "yes"),
                            ("replace_string", "^(.).*(.)$"), ("replace_by_string", "$1***$2"),
                            ("set_empty_string", "N"), ("replace_field_by_string", ""), ("whole_word", "no"),
                            ("case_sensitive", "no"),
                        ],
                    )
                ],
            )
        ],
    )  # fmt: skip


def sort_rows(name: str, *fields: str) -> Step:
    keys: Settings = [
        ("field", [("name", f), ("ascending", "Y"), ("case_sensitive", "Y"), ("presorted", "N")]) for f in fields
    ]
    return (name, "SortRows", [("sort_size", "1000000"), ("unique_rows", "N"), ("fields", keys)])


def unique(*fields: str) -> Step:
    keys: Settings = [("field", [("name", f), ("case_insensitive", "N")]) for f in fields]
    return ("unique", "Unique", [("count_rows", "N"), ("count_field", ""), ("fields", keys)])


def group(kind: str, key: str, sums: tuple[tuple[str, str, str], ...]) -> Step:
    fields: Settings = [
        ("field", [("aggregate", a), ("subject", s), ("type", t), ("valuefield", "")]) for a, s, t in sums
    ]
    return (
        "group",
        kind,
        [("all_rows", "N"), ("give_back_row", "N"), ("group", [("field", [("name", key)])]), ("fields", fields)],
    )


def stream_lookup() -> Step:
    lookup: Settings = [
        ("key", [("name", "custid"), ("field", "id")]),
        ("value", [("name", "statecode"), ("rename", "state"), ("default", "??"), ("type", "String")]),
    ]
    return ("lookup", "StreamLookup", [("from", "customers"), ("input_sorted", "N"), ("lookup", lookup)])


def merge_join() -> Step:
    return (
        "join",
        "MergeJoin",
        [
            ("join_type", "INNER"), ("step1", "sort_o"), ("step2", "sort_c"),
            ("keys_1", [("key", "custid")]), ("keys_2", [("key", "id")]),
        ],
    )  # fmt: skip


def table_out() -> Step:
    return (
        "out",
        "TableOutput",
        [
            ("connection", "target"), ("schema", ""), ("table", "big"), ("commit", "10000"), ("truncate", "N"),
            ("ignore_errors", "N"), ("use_batch", "Y"), ("specify_fields", "N"), ("fields", ""),
        ],
    )  # fmt: skip


def chain(name: str, *steps: Step) -> Transformation:
    model = new_transformation(name)
    for number, (label, kind, settings) in enumerate(steps):
        add_step(model, new_step(label, kind, settings, x=100 + 120 * number, y=100))
    for before, after in itertools.pairwise(steps):
        add_hop(model, before[0], after[0])
    return model


def two(name: str, left: list[Step], right: list[Step], rest: list[Step]) -> Transformation:
    """Two branches that meet in the first step of `rest`."""
    model = chain(name, *left, *rest)
    for number, (label, kind, settings) in enumerate(right):
        add_step(model, new_step(label, kind, settings, x=100 + 120 * number, y=250))
    for before, after in zip(right, [*right[1:], rest[0]], strict=True):
        add_hop(model, before[0], after[0])
    return model


def flows(folder: Path) -> dict[str, Callable[[], Transformation]]:
    """Name -> builder; inputs and outputs lie in `folder`."""
    cust = csv_in("customers", folder / "cust.csv", CUSTOMER_FIELDS)
    orders = csv_in("orders", folder / "ord.csv", ORDER_FIELDS)

    def out(name: str) -> Step:
        return csv_out(folder / f"{name}-heddle.csv")

    def table() -> Transformation:
        model = chain("table", cust, filter_rows(), table_out())
        add_step(model, new_step("ddl", "ExecSQL", [("connection", "target"), ("sql", DDL)], x=100, y=250))
        add_connection(model, new_connection(Connection("target", "DUCKDB", database=str(folder / "heddle.duckdb"))))
        return model

    sums = (("rows", "id", "COUNT_ALL"), ("total", "amount", "SUM"), ("top", "amount", "MAX"))
    return {
        "copy": lambda: chain("copy", cust, out("copy")),
        "filter": lambda: chain("filter", cust, filter_rows(), out("filter")),
        "calculate": lambda: chain("calculate", cust, calculator(), out("calculate")),
        "map": lambda: chain("map", cust, value_mapper(), replace_string(), out("map")),
        "lookup": lambda: two("lookup", [orders], [cust], [stream_lookup(), out("lookup")]),
        "sort": lambda: chain("sort", cust, sort_rows("sort", "statecode", "lastname"), out("sort")),
        "unique": lambda: chain(
            "unique", cust, sort_rows("sort", "city", "statecode"), unique("city", "statecode"), out("unique")
        ),
        "group": lambda: chain("group", cust, group("MemoryGroupBy", "city", sums), out("group")),
        "join": lambda: two(
            "join",
            [orders, sort_rows("sort_o", "custid")],
            [cust, sort_rows("sort_c", "id")],
            [merge_join(), out("join")],
        ),
        "table": table,
    }


def write_flow(folder: Path, name: str) -> Path:
    path = folder / f"{name}.ktr"
    write(flows(folder)[name](), path)
    return path
