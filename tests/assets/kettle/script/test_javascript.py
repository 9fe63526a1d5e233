"""JavaScript over rows; expected values are Kettle 9.3's where they are not plain arithmetic."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from assets.kettle.script.javascript import Batch, JavaScript, Output, ScriptError, Setup
from assets.kettle.values.fields import Field, Layout, ValueType

INPUTS = Layout(
    [
        Field("i", ValueType.INTEGER),
        Field("n", ValueType.NUMBER),
        Field("s", ValueType.STRING, 6),
        Field("d", ValueType.DATE),
        Field("b", ValueType.BOOLEAN),
    ]
)
ROWS = pl.DataFrame(
    {
        "i": [1, None, 2**60],
        "n": [1234.5, 0.1, -2.0],
        "s": ["abc", None, "xyz"],
        "d": [datetime(2024, 1, 31, 10, 11, 12), datetime(2023, 12, 31, 23, 59, 59), None],
        "b": [True, False, None],
    },
    schema=INPUTS.schema,
)


def script(source: str, types: dict[str, ValueType], **options: Any) -> JavaScript:
    """A compiled script with these results."""
    outputs = [Output(name, Field(name, kind)) for name, kind in types.items()]
    scripts = {"0": source, **options.pop("scripts", {})}
    layout = INPUTS.plus(*[o.field for o in outputs])
    return JavaScript(Setup("js", "t", scripts, INPUTS, layout, outputs, **options))


def run(source: str, kind: ValueType = ValueType.STRING, **options: Any) -> list[Any]:
    """What `v` holds after each row."""
    batch = script(source, {"v": kind}, **options).run(ROWS)
    assert not batch.errors
    return batch.frame["v"].to_list()


def first(expression: str, kind: ValueType = ValueType.STRING, **options: Any) -> Any:
    """The value of an expression for the first row."""
    outputs = [Output("v", Field("v", kind))]
    setup = Setup("js", "t", {"0": f"var v = {expression};"}, INPUTS, INPUTS.plus(outputs[0].field), outputs, **options)
    batch = JavaScript(setup).run(ROWS.head(1))
    assert not batch.errors, batch.errors
    return batch.frame["v"][0]


def test_values_pass_with_their_types() -> None:
    """Null stays null, a long beyond 2^53 keeps its digits, dates their milliseconds."""
    assert run("var v = i;", ValueType.INTEGER) == [1, None, 2**60]
    assert run("var v = n;", ValueType.NUMBER) == [1234.5, 0.1, -2.0]
    assert run("var v = d;", ValueType.DATE) == ROWS["d"].to_list()
    assert run("var v = b;", ValueType.BOOLEAN) == [True, False, None]
    assert run("var v = s + 1;") == ["abc1", "1", "xyz1"]
    assert run("var v;") == [None, None, None]


def test_special_numbers_survive() -> None:
    """Infinity and minus zero reach a Number; NaN in an Integer is 0, as in Java."""
    assert first("1/0", ValueType.NUMBER) == float("inf")
    assert str(first("Math.round(-0.4)", ValueType.NUMBER)) == "-0.0"
    assert first("NaN", ValueType.INTEGER) == 0
    assert first("1e300", ValueType.INTEGER) == 2**63 - 1


def test_fields_are_objects_as_in_rhino() -> None:
    """=== with a literal is false, == is true."""
    assert first("(s === 'abc') + ' ' + (s == 'abc') + ' ' + typeof s") == "false true object"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("date2str(d, 'dd.MM.yyyy HH:mm')", "31.01.2024 10:11"),
        ("date2str(d, 'EEEE, MMMM', 'DE')", "Mittwoch, Januar"),
        ("date2str(dateAdd(d, 'm', 1), 'yyyy-MM-dd')", "2024-02-29"),
        ("date2str(str2date('15/03/24', 'dd/MM/yy'), 'yyyy-MM-dd')", "2024-03-15"),
        ("num2str(n, '#,##0.00')", "1,234.50"),
        ("num2str(0.005, '0.00') + num2str(0.015, '0.00') + num2str(2.5, '0')", "0.010.012"),
        ("num2str(12345.678, '0.##E0')", "1.23E4"),
        ("num2str(-5, '0;(0)')", "(5)"),
        ("num2str(1234.5, '#,##0.00', 'DE')", "1.234,50"),
        ("str2num('1.234,5', '#,##0.0', 'de')", "1234.5"),
        ("week(d) + '/' + month(d) + '/' + quarter(d) + '/' + getDayNumber(d, 'w')", "5/0/1/4"),
        ("dateDiff(d, str2date('2024/01/01', 'yyyy/MM/dd'), 'd')", "-30"),
        ("lpad(s, '*', 6) + substr('abcdef', 2, 3) + indexOf('abc', 'c') + initCap('a b-c')", "***abccde2A B-C"),
        ("replace('a.b.c', '\\\\.', '$')", None),
        ("replace('aXbX', '(X)', '<$1>')", "a<X>b<X>"),
        ("decode(s, 'x', 1, 'abc', 2, 3)", "2"),
        ("LuhnCheck('4111111111111111') + ' ' + isNum('12a') + ' ' + isDate('x')", "true false false"),
        ("escapeXml('<a&\"') + removeDigits('a1') + getDigitsOnly('a1b2')", "&lt;a&amp;&quot;a12"),
        ("java.lang.Integer.parseInt('FF', 16) + java.lang.String.format('%05d', 42)", "25500042"),
        ("new java.text.SimpleDateFormat('yyyyMMdd').format(d)", "20240131"),
        ("new java.math.BigDecimal('1.005').setScale(2, java.math.BigDecimal.ROUND_HALF_UP)", "1.01"),
        ("'a-b'.replaceAll('[-]', '+') + 'x'.equals('x') + 'Ab'.equalsIgnoreCase('aB')", "a+btruetrue"),
        (
            "new Date(2024, 0, 31, 10, 0, 0).getHours() + ' ' + d.getYear() + ' ' + d",
            "10 124 Wed Jan 31 10:11:12 UTC 2024",
        ),
        ("Packages.org.pentaho.di.core.encryption.Encr.encryptPassword('blah')", "2be98afc86aa7f2e4cb79ce10dc9eaed2"),
    ],
)
def test_helpers(expression: str, expected: str | None) -> None:
    """Kettle's functions and the Java classes scripts use; a bad replacement text is an error in Java too."""
    if expected is None:
        expected = "a$b$c"
    assert first(expression) == expected


def test_variables_keep_their_values_between_rows() -> None:
    """The scope is one for all rows; start and end script share it."""
    compiled = script(
        "var y; if (y == null) { y = start } y = y + 1; var v = y;",
        {"v": ValueType.INTEGER},
        scripts={"1": "var start = 10;", "2": "setVariable('LAST', y, 'r'); writeToLog('b', 'done');"},
    )
    assert compiled.run(ROWS).frame["v"].to_list() == [11, 12, 13]
    end = compiled.finish()
    assert end.assigned == [("LAST", "13", "r")]
    assert end.log == [("done", "BASIC")]


def test_rows_are_skipped_added_and_stopped() -> None:
    """trans_Status and putRow; added rows come before the row that added them."""
    assert run("var v = s; trans_Status = s == null ? SKIP_TRANSFORMATION : CONTINUE_TRANSFORMATION;") == ["abc", "xyz"]
    source = (
        "var r = createRowCopy(getOutputRowMeta().size()); r[getInputRowMeta().size()] = 'new'; putRow(r);"
        "var v = 'own';"
    )
    batch = script(source, {"v": ValueType.STRING}).run(ROWS.head(2))
    assert batch.frame["v"].to_list() == ["new", "own", "new", "own"]
    assert batch.frame["s"].to_list() == ["abc", "abc", None, None]
    stopped = script("trans_Status = i == 1 ? 0 : ABORT_TRANSFORMATION; var v = 1", {"v": ValueType.INTEGER}).run(ROWS)
    assert (stopped.stop, stopped.frame.height) == ("abort", 1)


def test_compatible_mode_has_value_objects() -> None:
    """Fields are objects with methods; changes in place reach the field; text joins padded to the length."""
    compiled = script(
        "s.setValue(s.getString() + '!'); var v = i.getInteger() + 1;", {"v": ValueType.INTEGER}, compatible=True
    )
    batch = compiled.run(ROWS.head(1))
    assert batch.frame["s"][0] == "abc!"
    assert batch.frame["v"][0] == 2
    assert first("'[' + s + ']' + (s == null)", compatible=True) == "[abc   ]false"
    assert first("s.Clone().upper().getString() + row.getString('s', '') + row.size()", compatible=True) == "ABCabc5"


def test_failing_rows() -> None:
    """With error handling the other rows go on; without, the first error ends the batch."""
    handled = script("if (i == null) throw new Error('no i'); var v = 1;", {"v": ValueType.INTEGER}, handling=True).run(
        ROWS
    )
    assert list(handled.errors) == [1]
    assert "no i" in handled.errors[1]
    assert handled.frame.height == 2
    batch: Batch = script("var v = missing.x;", {"v": ValueType.INTEGER}).run(ROWS)
    assert list(batch.errors) == [0]
    assert "missing" in batch.errors[0]


@pytest.mark.parametrize("call", ["fileExists('/etc/passwd')", "loadFileContent('/etc/passwd')", "execProcess('id')"])
def test_nothing_outside_is_reached(call: str) -> None:
    """Functions that would touch the machine are refused by name."""
    batch = script(f"var v = {call};", {"v": ValueType.STRING}).run(ROWS.head(1))
    assert "may not" in batch.errors[0]


def test_unknown_java_class_is_named() -> None:
    """The message names the class."""
    batch = script("var v = new java.io.File('x');", {"v": ValueType.STRING}).run(ROWS.head(1))
    assert "java.io.File" in batch.errors[0]


def test_syntax_error_names_the_step() -> None:
    """A script that does not compile is refused before any row."""
    with pytest.raises(ScriptError, match="step 'js'"):
        script("var v = ;", {"v": ValueType.STRING})


def test_names_that_are_no_variables() -> None:
    """A field with blanks in its name is reached through `this`."""
    inputs, output = Layout([Field("a b")]), Output("v", Field("v"))
    setup = Setup("js", "t", {"0": "var v = this['a b'] + '!';"}, inputs, inputs.plus(output.field), [output])
    assert JavaScript(setup).run(pl.DataFrame({"a b": ["x"]})).frame["v"].to_list() == ["x!"]


def test_e4x_is_named() -> None:
    """XML inside the script is refused in words."""
    with pytest.raises(ScriptError, match="E4X"):
        script("var v = new XML(); v = <a>{s}</a>;", {"v": ValueType.STRING})


def test_limits() -> None:
    """Endless loops and endless memory end."""
    outputs = [Output("v", Field("v"))]
    for source, words in (
        ("while (true) {}", "longer"),
        ("var v = []; while (true) v.push('x' + v.length);", "memory"),
    ):
        setup = Setup("js", "t", {"0": source}, INPUTS, INPUTS.plus(Field("v")), outputs)
        with pytest.raises(ScriptError, match=words):
            JavaScript(setup, seconds=0.5 if "{}" in source else 30, memory=32 << 20).run(ROWS)
