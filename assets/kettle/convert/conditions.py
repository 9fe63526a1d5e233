"""Condition trees as expressions: true or false, never null, with null as the smallest value and '' as null."""

import re

import polars as pl

from assets.kettle.convert.convert_values import to_text, to_type
from assets.kettle.convert.expressions import Both, CannotConvertError, both, column, literal, normal, word
from assets.kettle.errors import StepError
from assets.kettle.steps.conditions import ORDERED, Atom, Composite, split_list
from assets.kettle.values.convert import convert_value, text_of
from assets.kettle.values.fields import ValueType

JOINED = {
    "AND": ("({a} & {b})", "($a AND $b)"),
    "OR": ("({a} | {b})", "($a OR $b)"),
    "AND NOT": ("({a} & ~{b})", "($a AND NOT $b)"),
    "OR NOT": ("({a} | ~{b})", "($a OR NOT $b)"),
    "XOR": ("({a} ^ {b})", "($a <> $b)"),
}
# with a constant on the right that is not null
AGAINST = {
    "=": ("({a} == {b}).fill_null(False)", "COALESCE($a = $b, FALSE)"),
    "<>": ("({a} != {b}).fill_null(True)", "COALESCE($a <> $b, TRUE)"),
    "<": ("({a} < {b}).fill_null(False)", "COALESCE($a < $b, FALSE)"),
    "<=": ("({a} <= {b}).fill_null(False)", "COALESCE($a <= $b, FALSE)"),
    ">": ("({a} > {b}).fill_null(False)", "COALESCE($a > $b, FALSE)"),
    ">=": ("({a} >= {b}).fill_null(False)", "COALESCE($a >= $b, FALSE)"),
}
# with a field on the right; both sides have '' as null
BETWEEN = {
    "=": ("{a}.eq_missing({b})", "($a IS NOT DISTINCT FROM $b)"),
    "<>": ("{a}.ne_missing({b})", "($a IS DISTINCT FROM $b)"),
    "<": AGAINST["<"],
    "<=": AGAINST["<="],
    ">": (
        "(({a} > {b}).fill_null(False) | ({a}.is_not_null() & {b}.is_null()))",
        "(COALESCE($a > $b, FALSE) OR ($a IS NOT NULL AND $b IS NULL))",
    ),
    ">=": ("(({a} >= {b}).fill_null(False) | {b}.is_null())", "(COALESCE($a >= $b, FALSE) OR $b IS NULL)"),
}
TEXTUAL = {
    "CONTAINS": ("{a}.str.contains({b}, literal=True).fill_null(False)", "COALESCE(STRPOS($a, $b) > 0, FALSE)"),
    "STARTS WITH": ("{a}.str.starts_with({b}).fill_null(False)", "COALESCE(STARTS_WITH($a, $b), FALSE)"),
    "ENDS WITH": (
        '({a}.str.ends_with({b}) & ({a} != "")).fill_null(False)',
        "COALESCE(RIGHT($a, LENGTH($b)) = $b AND $a <> '', FALSE)",
    ),
}
NO = Both("pl.lit(False)", literal(False, ValueType.BOOLEAN).sql)
YES = Both("pl.lit(True)", literal(True, ValueType.BOOLEAN).sql)


def condition(tree: Atom | Composite) -> Both:
    """The whole tree. Raises CannotConvertError for comparisons without a counterpart."""
    if isinstance(tree, Composite):
        found = condition(tree.parts[0][1])
        for operator, part in tree.parts[1:]:
            if operator in JOINED:
                found = both(*JOINED[operator], a=found, b=condition(part))
        return negated(found) if tree.negated else found
    if tree.function == "TRUE":
        return NO if tree.negated else YES
    if tree.left is None:
        return NO
    found = _atom(tree)
    return negated(found) if tree.negated else found


def negated(value: Both) -> Both:
    """NOT."""
    return both("(~({a}))", "(NOT ($a))", a=value)


def is_null(value: Both) -> Both:
    """Null, of a value that has '' as null."""
    return both("{a}.is_null()", "($a IS NULL)", a=value)


def _atom(atom: Atom) -> Both:
    assert atom.left is not None
    left = column(atom.left)
    if atom.function in ("IS NULL", "IS NOT NULL"):
        empty = is_null(normal(left, atom.left))
        return negated(empty) if atom.function == "IS NOT NULL" else empty
    if atom.function not in ORDERED:
        return _text_test(atom, to_text(left, atom.left))
    if atom.left.type not in (*_NUMERIC, ValueType.STRING, ValueType.DATE, ValueType.BOOLEAN):
        raise CannotConvertError(f"{atom.left.type} values are compared", "convert the field before")
    if atom.right is not None:
        right = atom.right
        if right.type is not atom.left.type and not {right.type, atom.left.type} <= set(_NUMERIC):
            raise CannotConvertError(
                f"{atom.left.name!r} ({atom.left.type}) is compared with {right.name!r} ({right.type})", "align them"
            )
        other = to_type(column(right), right, atom.left)
        return both(*BETWEEN[atom.function], a=normal(left, atom.left), b=normal(other, atom.left))
    return _against_constant(atom, left)


_NUMERIC = (ValueType.NUMBER, ValueType.INTEGER)


def _against_constant(atom: Atom, left: Both) -> Both:
    assert atom.left is not None
    try:
        value = None if atom.value is None else convert_value(atom.value, atom.value_field, atom.left)
    except ValueError as error:
        raise StepError(atom.step.name, f"the value compared with {atom.left.name!r} does not fit: {error}") from error
    if value in (None, ""):
        empty = is_null(normal(left, atom.left))
        outcomes = {"=": empty, "<>": negated(empty), "<": NO, "<=": NO, ">": negated(empty), ">=": YES}
        return outcomes[atom.function]
    if atom.left.type is ValueType.BOOLEAN and atom.function not in ("=", "<>"):
        raise CannotConvertError("Booleans are compared by order", "compare them with = or <>")
    bare = literal(value, atom.left.type)
    return both(*AGAINST[atom.function], a=left, b=bare)


def _text_test(atom: Atom, texts: Both) -> Both:
    if atom.right is not None:
        raise CannotConvertError(f"{atom.function} compares two fields", "compare with a constant")
    text = None if atom.value is None else text_of(atom.value, atom.value_field)
    if text is None:
        if atom.function in ("CONTAINS", "STARTS WITH"):
            raise StepError(atom.step.name, f"{atom.function} has nothing to compare with", "give it a value")
        return NO
    if atom.function == "IN LIST":
        items = split_list(text)
        code = f"{{a}}.is_in([{', '.join(f'{{i{n}}}' for n in range(len(items)))}]).fill_null(False)"
        names = ", ".join(f"$i{n}" for n in range(len(items)))
        parts = {f"i{n}": word(item) for n, item in enumerate(items)}
        return both(code, f"COALESCE($a IN ({names}), FALSE)", a=texts, **parts)
    if atom.function in TEXTUAL:
        return both(*TEXTUAL[atom.function], a=texts, b=word(text))
    pattern = text.replace("%", ".*").replace("?", ".") if atom.function == "LIKE" else text
    return both(
        "{a}.str.contains({b}).fill_null(False)",
        "COALESCE(REGEXP_MATCHES($a, $b), FALSE)",
        a=texts,
        b=word(rust_pattern(f"^(?:{pattern})$")),
    )


def rust_pattern(pattern: str) -> str:
    """The pattern, when polars and databases read it as Java does. Raises CannotConvertError."""
    if re.search(r"\\[^dDsSwWbB.\[\](){}*+?|^$\\/tn-]|\(\?[^:]|[*+?}]\+|&&", pattern):
        raise CannotConvertError(f"the regular expression {pattern!r} is Java's own", "use a plainer one")
    try:
        pl.select(pl.lit("x").str.contains(pattern))
    except pl.exceptions.PolarsError as error:
        raise CannotConvertError(f"the regular expression {pattern!r} is not portable", "use a plainer one") from error
    return pattern
