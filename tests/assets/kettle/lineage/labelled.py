"""Transformations with the lineage of what they write, labelled by hand.

A target column's sources are the columns outside whose values its values are copied or computed from. Columns that only
choose rows (conditions, keys of joins, look-ups, groups and pivots) are no sources. `MADE` stands for values that come
from no column: constants, counters, descriptions of errors.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tests.assets.kettle.lineage.texts import fields, ktr, output, query, select, sort

MADE = ""


class Case(NamedTuple):
    """A transformation's text, other files beside it, and per table written: column -> sources as `table.column`."""

    text: str
    truth: dict[str, dict[str, set[str]]]
    beside: Mapping[str, str] = MappingProxyType({})


ORDERS = query("orders", "select id, customer, price, quantity, day from sales.orders")
CUSTOMERS = query("customers", "select c.id, c.name, c.city as place from sales.customers c")
CALCULATION = "field_name|calc_type|field_a|field_b|value_type|remove"

CASES: dict[str, Case] = {}

CASES["select and rename"] = Case(
    ktr(
        [ORDERS, select("choose", "id=order_id", "price", "customer=buyer"), output("out", "t")],
        "orders > choose > out",
    ),
    {"t": {"order_id": {"sales.orders.id"}, "price": {"sales.orders.price"}, "buyer": {"sales.orders.customer"}}},
)

CASES["calculator with an intermediate field"] = Case(
    ktr(
        [
            ORDERS,
            (
                "sums",
                "Calculator",
                fields(
                    "calculation",
                    "worth|MULTIPLY|price|quantity|Number|Y",
                    "double|ADD|worth|worth|Number|N",
                    "year|YEAR_OF_DATE|day||Integer|N",
                    tags=CALCULATION,
                ),
            ),
            output("out", "t", total="double", y="year", id="id"),
        ],
        "orders > sums > out",
    ),
    {
        "t": {
            "total": {"sales.orders.price", "sales.orders.quantity"},
            "y": {"sales.orders.day"},
            "id": {"sales.orders.id"},
        }
    },
)

CASES["stream look-up with a default and a rename"] = Case(
    ktr(
        [
            ORDERS,
            CUSTOMERS,
            (
                "find",
                "StreamLookup",
                "<from>customers</from><lookup><key><name>customer</name><field>id</field></key>"
                "<value><name>name</name><rename>who</rename><default>nobody</default><type>String</type></value>"
                "<value><name>place</name><rename/><default/><type>String</type></value></lookup>",
            ),
            output("out", "t", id="id", who="who", town="place"),
        ],
        "orders > find > out",
        "customers > find",
    ),
    {
        "t": {
            "id": {"sales.orders.id"},
            "who": {"sales.customers.name"},
            "town": {"sales.customers.city"},
        }
    },
)

CASES["merge join of two sorted inputs with equal names"] = Case(
    ktr(
        [
            ORDERS,
            CUSTOMERS,
            sort("by customer", "customer"),
            sort("by id", "id"),
            (
                "join",
                "MergeJoin",
                "<join_type>LEFT OUTER</join_type><step1>by customer</step1><step2>by id</step2>"
                "<keys_1><key>customer</key></keys_1><keys_2><key>id</key></keys_2>",
            ),
            output("out", "t", order="id", customer="id_1", name="name", price="price"),
        ],
        "orders > by customer > join > out",
        "customers > by id > join",
    ),
    {
        "t": {
            "order": {"sales.orders.id"},
            "customer": {"sales.customers.id"},
            "name": {"sales.customers.name"},
            "price": {"sales.orders.price"},
        }
    },
)

CASES["group by"] = Case(
    ktr(
        [
            ORDERS,
            sort("sort", "customer"),
            (
                "group",
                "GroupBy",
                "<group><field><name>customer</name></field></group>"
                + fields(
                    "fields/field",
                    "spent|price|SUM",
                    "orders|id|COUNT_ALL",
                    "last|day|MAX",
                    tags="aggregate|subject|type",
                ),
            ),
            output("out", "t"),
        ],
        "orders > sort > group > out",
    ),
    {
        "t": {
            "customer": {"sales.orders.customer"},
            "spent": {"sales.orders.price"},
            "orders": {"sales.orders.id"},
            "last": {"sales.orders.day"},
        }
    },
)

SCRIPT = """var worth = price * quantity;
var reduced = worth > 100 ? worth * 0.9 : worth;
var label = 'order ' + id;
var one = 1;"""
CASES["script with several results"] = Case(
    ktr(
        [
            ORDERS,
            (
                "script",
                "ScriptValueMod",
                "<compatible>N</compatible><jsScripts><jsScript><jsScript_type>0</jsScript_type>"
                f"<jsScript_name>s</jsScript_name><jsScript_script>{SCRIPT.replace('>', '&gt;')}</jsScript_script>"
                "</jsScript></jsScripts><fields>"
                + "".join(
                    f"<field><name>{n}</name><rename>{n}</rename><type>{t}</type><length>-1</length>"
                    "<precision>-1</precision><replace>N</replace></field>"
                    for n, t in (("reduced", "Number"), ("label", "String"), ("one", "Integer"))
                )
                + "</fields>",
            ),
            output("out", "t", reduced="reduced", label="label", one="one", day="day"),
        ],
        "orders > script > out",
    ),
    {
        "t": {
            "reduced": {"sales.orders.price", "sales.orders.quantity"},
            "label": {"sales.orders.id"},
            "one": {MADE},
            "day": {"sales.orders.day"},
        }
    },
)

CASES["mapping with renames"] = Case(
    ktr(
        [
            ORDERS,
            (
                "tax",
                "Mapping",
                "<specification_method>filename</specification_method>"
                "<filename>${Internal.Entry.Current.Directory}/tax.ktr</filename><mappings><input><mapping>"
                "<main_path>Y</main_path><rename_on_output>N</rename_on_output>"
                "<connector><parent>price</parent><child>net</child></connector></mapping></input><output><mapping>"
                "<main_path>Y</main_path><connector><parent>gross</parent><child>paid</child></connector>"
                "</mapping></output></mappings>",
            ),
            output("out", "t", id="id", net="net", paid="paid", rate="rate"),
        ],
        "orders > tax > out",
    ),
    {
        "t": {
            "id": {"sales.orders.id"},
            "net": {"sales.orders.price"},
            "paid": {"sales.orders.price", "sales.rates.rate"},
            "rate": {"sales.rates.rate"},
        }
    },
    {
        "tax.ktr": ktr(
            [
                ("in", "MappingInput", ""),
                query("rates", "select day as d, rate from sales.rates"),
                (
                    "find",
                    "StreamLookup",
                    "<from>rates</from><lookup><key><name>day</name><field>d</field></key>"
                    "<value><name>rate</name><rename/><default/><type>Number</type></value></lookup>",
                ),
                ("add", "Calculator", fields("calculation", "gross|MULTIPLY|net|rate|Number|N", tags=CALCULATION)),
                ("back", "MappingOutput", ""),
            ],
            "in > find > add > back",
            "rates > find",
        )
    },
)

CASES["denormaliser"] = Case(
    ktr(
        [
            query("facts", "select customer, kind, value, noted from sales.facts order by customer"),
            (
                "pivot",
                "Denormaliser",
                "<key_field>kind</key_field><group><field><name>customer</name></field></group>"
                + fields(
                    "fields/field",
                    "value|phone|phone|String",
                    "value|mail|mail|String",
                    tags="field_name|key_value|target_name|target_type",
                ),
            ),
            output("out", "t", customer="customer", phone="phone", mail="mail"),
        ],
        "facts > pivot > out",
    ),
    {
        "t": {
            "customer": {"sales.facts.customer"},
            "phone": {"sales.facts.value"},
            "mail": {"sales.facts.value"},
        }
    },
)

CASES["normaliser"] = Case(
    ktr(
        [
            query("wide", "select shop, jan, feb, jan_n, feb_n from sales.months"),
            (
                "rows",
                "Normaliser",
                "<typefield>month</typefield>"
                + fields(
                    "fields/field",
                    "jan|1|amount",
                    "feb|2|amount",
                    "jan_n|1|number",
                    "feb_n|2|number",
                    tags="name|value|norm",
                ),
            ),
            output("out", "t"),
        ],
        "wide > rows > out",
    ),
    {
        "t": {
            "shop": {"sales.months.shop"},
            "month": {MADE},
            "amount": {"sales.months.jan", "sales.months.feb"},
            "number": {"sales.months.jan_n", "sales.months.feb_n"},
        }
    },
)

CASES["switch into two tables, merged again for a third"] = Case(
    ktr(
        [
            ORDERS,
            (
                "switch",
                "SwitchCase",
                "<fieldname>customer</fieldname><case_value_type>String</case_value_type>"
                "<default_target_step>rest</default_target_step><cases><case><value>1</value>"
                "<target_step>first</target_step></case></cases>",
            ),
            (
                "first",
                "Constant",
                "<fields><field><name>kind</name><type>String</type><nullif>vip</nullif></field></fields>",
            ),
            (
                "rest",
                "ConcatFields",
                "<separator>-</separator><targetFieldName>kind</targetFieldName>"
                + fields("fields/field", "customer|String", "id|String", tags="name|type"),
            ),
            output("vips", "vips", id="id", kind="kind"),
            output("others", "others", id="id", kind="kind"),
        ],
        "orders > switch > first > vips",
        "switch > rest > others",
    ),
    {
        "vips": {"id": {"sales.orders.id"}, "kind": {MADE}},
        "others": {"id": {"sales.orders.id"}, "kind": {"sales.orders.customer", "sales.orders.id"}},
    },
)

CASES["database look-up"] = Case(
    ktr(
        [
            ORDERS,
            (
                "find",
                "DBLookup",
                "<connection>db</connection><lookup><schema>sales</schema><table>customers</table>"
                "<key><name>customer</name><field>id</field><condition>=</condition><name2/></key>"
                "<value><name>name</name><rename>who</rename><default/><type>String</type></value>"
                "<value><name>city</name><rename/><default/><type>String</type></value></lookup>",
            ),
            output("out", "t", id="id", who="who", city="city"),
        ],
        "orders > find > out",
    ),
    {"t": {"id": {"sales.orders.id"}, "who": {"sales.customers.name"}, "city": {"sales.customers.city"}}},
)

CASES["two inputs appended, then mapped values"] = Case(
    ktr(
        [
            query("old", "select id, state from archive.orders"),
            query("new", "select id, state from sales.orders"),
            ("both", "Append", "<head_name>old</head_name><tail_name>new</tail_name>"),
            (
                "words",
                "ValueMapper",
                "<field_to_use>state</field_to_use><target_field>word</target_field>"
                "<fields><field><source_value>1</source_value><target_value>open</target_value></field></fields>",
            ),
            output("out", "t"),
        ],
        "old > both > words > out",
        "new > both",
    ),
    {
        "t": {
            "id": {"archive.orders.id", "sales.orders.id"},
            "state": {"archive.orders.state", "sales.orders.state"},
            "word": {"archive.orders.state", "sales.orders.state"},
        }
    },
)

JOINED = """select o.id, c.name, o.price * o.quantity as worth, count(*) over (partition by c.city) as n
from sales.orders o join sales.customers c on c.id = o.customer where o.day &gt; date '2024-01-01'"""
CASES["SQL that computes, text changed, formula"] = Case(
    ktr(
        [
            query("read", JOINED),
            (
                "upper",
                "StringOperations",
                "<fields><field><in_stream_name>name</in_stream_name><out_stream_name/><lower_upper>upper</lower_upper>"
                "</field></fields>",
            ),
            (
                "formula",
                "Formula",
                '<formula><field_name>shown</field_name><formula_string>[name] &amp; " " &amp; TEXT([worth];"0")'
                "</formula_string><value_type>String</value_type></formula>",
            ),
            output("out", "t", id="id", name="name", shown="shown"),
        ],
        "read > upper > formula > out",
    ),
    {
        "t": {
            "id": {"sales.orders.id"},
            "name": {"sales.customers.name"},
            "shown": {"sales.customers.name", "sales.orders.price", "sales.orders.quantity"},
        }
    },
)

CASES["split, filter and rejected rows"] = Case(
    ktr(
        [
            query("people", "select id, full_name, born from sales.people"),
            (
                "split",
                "FieldSplitter",
                "<splitfield>full_name</splitfield><delimiter> </delimiter>"
                + fields("fields/field", "first|String", "last|String", tags="name|type"),
            ),
            (
                "types",
                "SelectValues",
                "<fields><meta><name>born</name><rename>birthday</rename><type>Date</type>"
                "<conversion_mask>yyyy</conversion_mask></meta></fields>",
            ),
            output("good", "good"),
            output("bad", "bad", id="id", born="born", why="why"),
        ],
        "people > split > types > good",
        "types > bad",
        errors="<error><source_step>types</source_step><target_step>bad</target_step><is_enabled>Y</is_enabled>"
        "<descriptions_valuename>why</descriptions_valuename></error>",
    ),
    {
        "good": {
            "id": {"sales.people.id"},
            "first": {"sales.people.full_name"},
            "last": {"sales.people.full_name"},
            "birthday": {"sales.people.born"},
        },
        "bad": {"id": {"sales.people.id"}, "born": {"sales.people.born"}, "why": {MADE}},
    },
)

CASES["every row with every row"] = Case(
    ktr(
        [
            query("shops", "select id, city from sales.shops"),
            query("rates", "select id, rate from sales.rates"),
            ("all", "JoinRows", "<main>shops</main><compare><condition><negated>N</negated></condition></compare>"),
            output("out", "t", shop="id", city="city", rate_id="id_1", rate="rate"),
        ],
        "shops > all > out",
        "rates > all",
    ),
    {
        "t": {
            "shop": {"sales.shops.id"},
            "city": {"sales.shops.city"},
            "rate_id": {"sales.rates.id"},
            "rate": {"sales.rates.rate"},
        }
    },
)
