"""Table structure and field rules as steps: Select values, Value mapper, Validator, Table output."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings
from assets.kettle.generate.conditions import Value, constant_text
from assets.kettle.generate.mappings import mapper_settings
from assets.kettle.generate.part import Errors, Made, Part, flag
from assets.kettle.generate.sinks import Sink, ToDummy, ToTable, sink_step, table_output
from assets.kettle.values.fields import ValueType

_DATE_MASK = "yyyy/MM/dd HH:mm:ss.SSS"
_MASKS = {ValueType.DATE: _DATE_MASK, ValueType.TIMESTAMP: _DATE_MASK}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the target table and the rules of its values.

    Attributes:
        source: the field that fills it ("" = of the same name).
        mask: how a text is read as a date or number, or one of these is written as text.
        mapping, default: as for Value mapper; applied after the conversion.
        allowed: the only values that may occur. Null is ruled by `nullable` alone.
        pattern: Java regular expression of the whole text.
    """

    name: str
    kind: ValueType
    source: str = ""
    length: int = -1
    precision: int = -1
    mask: str = ""
    mapping: Mapping[str | None, str | None] | None = None
    default: str = ""
    nullable: bool = True
    lowest: Value | None = None
    highest: Value | None = None
    allowed: tuple[Value, ...] = ()
    pattern: str = ""

    @property
    def checked(self) -> bool:
        """Whether there is a rule for the Validator."""
        given = (self.lowest is not None, self.highest is not None, bool(self.allowed), bool(self.pattern))
        return not self.nullable or any(given) or (self.kind is ValueType.STRING and self.length > 0)


def structure_part(
    part_id: str,
    columns: Sequence[Column],
    target: ToTable | None = None,
    rejects: Sink | None = None,
    *,
    name: str = "structure",
) -> Part:
    """Chooses, names and converts the fields, maps and checks their values, and writes them to `target`.

    Rows with a value that cannot be converted, or that breaks a rule, go to `rejects`: as they came in, or as they are
    once converted; with `error_text`, `error_fields` and `error_codes`. One rule per column: where one column changes,
    the settings of other columns stay as they are.

    Raises:
        KettleError: no columns, or a name twice; a limit that its column's type cannot hold.
    """
    names = [column.name.lower() for column in columns]
    if not columns or len(set(names)) < len(names):
        raise KettleError(f"the columns {names} are no table", "name each column once")
    steps = [Made("select", f"{name}: fields", "SelectValues", selection(columns))]
    for column in columns:
        if column.mapping:
            settings = mapper_settings(column.name, column.mapping, default=column.default)
            steps.append(Made(f"map {column.name}", f"{name}: map {column.name}", "ValueMapper", settings))
    failing = ["select"]
    if any(column.checked for column in columns):
        steps.append(Made("check", f"{name}: check", "Validator", rules(columns)))
        failing.append("check")
    if target is not None:
        settings = table_output(target, tuple((c.name, c.name) for c in columns))
        steps.append(Made("write", f"{name}: write", "TableOutput", settings))
    roles = [made.role for made in steps]
    hops = list(itertools.pairwise(roles))
    errors = []
    for role in failing:
        kept = sink_step(rejects or ToDummy(), f"{role} rejects", f"{name}: {role} rejects")
        steps.append(kept)
        hops.append((role, kept.role))
        errors.append(Errors(role, kept.role, "", "error_text", "error_fields", "error_codes"))
    return Part(part_id, tuple(steps), tuple(hops), roles[0], roles[-1], tuple(errors))


def selection(columns: Sequence[Column]) -> Settings:
    """Settings of Select values: these fields in this order under their names, then their types."""
    chosen = [
        ("field", [("name", c.source or c.name), ("rename", c.name if c.source not in ("", c.name) else "")])
        for c in columns
    ]
    changed = [("meta", meta(c.name, c.kind, c.length, c.precision, c.mask)) for c in columns]
    return [("fields", [*chosen, ("select_unspecified", "N"), *changed])]


def meta(
    name: str, kind: ValueType | None, length: int = -2, precision: int = -2, mask: str = "", rename: str = ""
) -> Settings:
    """One line of the metadata tab of Select values; None and -2 leave what is there."""
    return [
        ("name", name),
        ("rename", rename or name),
        ("type", kind.value if kind else "None"),
        ("length", str(length)),
        ("precision", str(precision)),
        ("conversion_mask", mask),
        ("date_format_lenient", "false"),
        ("date_format_locale", ""),
        ("date_format_timezone", ""),
        ("lenient_string_to_number", "false"),
        ("encoding", ""),
        ("decimal_symbol", "." if kind in (ValueType.NUMBER, ValueType.BIGNUMBER) else ""),
        ("grouping_symbol", "," if kind in (ValueType.NUMBER, ValueType.BIGNUMBER) else ""),
        ("currency_symbol", ""),
        ("storage_type", ""),
    ]


def changing(*lines: Settings) -> Settings:
    """Settings of Select values that change the metadata of fields only."""
    return [("fields", [("select_unspecified", "N"), *(("meta", line) for line in lines)])]


def removal(names: Sequence[str]) -> Settings:
    """Settings of Select values that remove fields only."""
    return [("fields", [("select_unspecified", "N"), *(("remove", [("name", name)]) for name in names)])]


def rules(columns: Sequence[Column]) -> Settings:
    """Settings of Validator, a rule for each column that has one; all faults of a row come in one text."""
    return [
        ("validate_all", "Y"),
        ("concat_errors", "Y"),
        ("concat_separator", "; "),
        *(("validator_field", _rule(column)) for column in columns if column.checked),
    ]


def _rule(column: Column) -> Settings:
    low, high = _limit(column, column.lowest), _limit(column, column.highest)
    numeric = column.kind in (ValueType.NUMBER, ValueType.BIGNUMBER)
    longest = str(column.length) if column.kind is ValueType.STRING and column.length > 0 else ""
    return [
        ("name", column.name),
        ("validation_name", column.name),
        ("max_length", longest),
        ("min_length", ""),
        ("null_allowed", flag(column.nullable)),
        ("only_null_allowed", "N"),
        ("only_numeric_allowed", "N"),
        ("data_type", column.kind.value),
        ("data_type_verified", "N"),
        ("conversion_mask", _MASKS.get(column.kind, "")),
        ("decimal_symbol", "." if numeric else ""),
        ("grouping_symbol", "," if numeric else ""),
        ("max_value", high),
        ("min_value", low),
        ("start_string", ""),
        ("end_string", ""),
        ("start_string_not_allowed", ""),
        ("end_string_not_allowed", ""),
        ("regular_expression", column.pattern),
        ("regular_expression_not_allowed", ""),
        ("error_code", ""),
        ("error_description", ""),
        ("is_sourcing_values", "N"),
        ("sourcing_step", ""),
        ("sourcing_field", ""),
        ("allowed_value", [("value", _limit(column, value)) for value in column.allowed]),
    ]


def _limit(column: Column, value: Value | None) -> str:
    if value is None:
        return ""
    text = constant_text(value, column.kind)
    if not text:
        raise KettleError(f"column {column.name!r} is {column.kind} and is limited by {value!r}", "give such a value")
    return text
