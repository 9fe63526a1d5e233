"""Scripting steps inside transformations."""

from xml.sax.saxutils import escape

import polars as pl
import pytest

from assets.kettle.engine.run import Quiet
from assets.kettle.engine.runtime import Engine
from assets.kettle.engine.start import new_run, run_transformation
from assets.kettle.errors import KettleError, StepError
from assets.kettle.files.read import read_transformation
from assets.kettle.files.variables import Variables
from assets.kettle.model import Transformation
from assets.kettle.values.defaults import INTEGER_MASK
from assets.kettle.values.fields import Layout, ValueType


class Seen(Quiet):
    """Keeps what leaves each step, by target."""

    def __init__(self) -> None:
        self.frames: dict[tuple[str, str | None], list[pl.DataFrame]] = {}

    def emitted(self, step: str, frame: pl.DataFrame, target: str | None) -> None:
        """Keeps the rows."""
        self.frames.setdefault((step, target), []).append(frame)

    def rejected(self, step: str, frame: pl.DataFrame) -> None:
        """Keeps the rejected rows."""
        self.frames.setdefault((step, "error"), []).append(frame)

    def rows(self, step: str, target: str | None = None) -> list[tuple[object, ...]]:
        """All rows that left."""
        return [row for frame in self.frames.get((step, target), []) for row in frame.rows()]


GRID = (
    "<step><name>in</name><type>DataGrid</type><distribute>N</distribute><fields>"
    "<field><name>i</name><type>Integer</type></field><field><name>s</name><type>String</type></field></fields><data>"
    "<line><item>1</item><item>a</item></line><line><item>2</item><item>b</item></line>"
    "<line><item>3</item><item/></line></data></step>"
)


def transformation(kind: str, body: str, *, errors: bool = False) -> Transformation:
    """A grid of three rows into one step `x`, and two dummies that it may name."""
    handling = (
        "<step_error_handling><error><source_step>x</source_step><target_step>bad</target_step><is_enabled>Y</is_enabled>"
        "<codes_valuename>code</codes_valuename></error></step_error_handling>"
    )
    dummies = "".join(f"<step><name>{n}</name><type>Dummy</type></step>" for n in ("good", "bad"))
    hops = "".join(
        f"<hop><from>{a}</from><to>{b}</to><enabled>Y</enabled></hop>"
        for a, b in (("in", "x"), ("x", "good"), *([("x", "bad")] if errors or "bad" in body else []))
    )
    text = (
        f"<transformation><info><name>t</name></info><order>{hops}</order>{GRID}<step><name>x</name><type>{kind}</type>"
        f"<distribute>N</distribute>{body}</step>{dummies}{handling if errors else ''}</transformation>"
    )
    return read_transformation(text.encode())


def javascript(script: str, fields: str, compatible: str = "N") -> str:
    """The options of a JavaScript step."""
    return (
        f"<compatible>{compatible}</compatible><jsScripts><jsScript><jsScript_type>0</jsScript_type>"
        "<jsScript_name>S</jsScript_name>"
        f"<jsScript_script>{escape(script)}</jsScript_script></jsScript></jsScripts><fields>{fields}</fields>"
    )


def result(name: str, kind: str, replace: str = "N", rename: str = "") -> str:
    """One declared result."""
    return (
        f"<field><name>{name}</name><rename>{rename}</rename><type>{kind}</type><length>5</length><precision>2</precision>"
        f"<replace>{replace}</replace></field>"
    )


def run(graph: Transformation, variables: Variables | None = None) -> Seen:
    """Runs it and keeps what was sent."""
    seen = Seen()
    assert run_transformation(graph, observer=seen, variables=variables).ok
    return seen


def layout(graph: Transformation) -> Layout:
    """The layout that leaves `x`."""
    engine = Engine(new_run(graph))
    engine.plan()
    return engine.nodes["x"].step.output


def test_javascript_results_and_their_fields() -> None:
    """New fields are appended under the new name, replaced ones keep their place; Integer has a mask."""
    body = javascript(
        "var v = i * 2; var s = s + '!';", result("v", "Integer", rename="w") + result("s", "String", "Y")
    )
    graph = transformation("ScriptValueMod", body)
    assert run(graph).rows("x") == [(1, "a!", 2), (2, "b!", 4), (3, "null!", 6)]
    found = layout(graph)
    assert found.names == ["i", "s", "w"]
    assert (found["w"].precision, found["w"].mask, found["w"].origin) == (0, INTEGER_MASK, "x")
    assert (found["s"].length, found["s"].origin) == (5, "x")


def test_javascript_errors_go_to_the_hop() -> None:
    """Failing rows carry the code; without the hop the step fails by name."""
    body = javascript("if (s == null) throw 'empty'; var v = 1;", result("v", "Integer"))
    seen = run(transformation("ScriptValueMod", body, errors=True))
    assert len(seen.rows("x")) == 2
    assert seen.rows("x", "error") == [(3, None, "SCR-001")]
    with pytest.raises(StepError, match=r"'x'.*empty"):
        run(transformation("ScriptValueMod", body))


def test_javascript_sets_variables_of_the_caller() -> None:
    """setVariable with p reaches the caller; the script itself sees it at once."""
    variables = Variables()
    body = javascript('setVariable("SEEN", i, "p"); var v = getVariable("SEEN", "");', result("v", "String"))
    assert run(transformation("ScriptValueMod", body), variables).rows("x")[-1][-1] == "3"
    assert variables.get("SEEN") == "3"


def test_a_broken_script_names_the_step() -> None:
    """Before any row flows."""
    with pytest.raises(StepError, match=r"'x'.*compile"):
        run(transformation("ScriptValueMod", javascript("var = 1", result("v", "String"))))


def formula(source: str, kind: str, tag: str = "formula_string", replace: str = "") -> str:
    """One formula or expression."""
    return (
        f"<formula><field_name>v</field_name><{tag}>{escape(source)}</{tag}><value_type>{kind}</value_type>"
        f"<value_length>-1</value_length><value_precision>-1</value_precision><replace_field>{replace}</replace_field></formula>"
    )


def test_formula_types() -> None:
    """Results are converted to the declared type; a Boolean result needs a Boolean field."""
    assert [r[-1] for r in run(transformation("Formula", formula("[i]/2", "Integer"))).rows("x")] == [0, 1, 1]
    assert [r[-1] for r in run(transformation("Formula", formula("[i]/2", "Number"))).rows("x")] == [0.5, 1.0, 1.5]
    assert [r[-1] for r in run(transformation("Formula", formula('[s]="a"', "Boolean"))).rows("x")] == [
        True,
        False,
        None,
    ]
    with pytest.raises(StepError, match="Boolean"):
        run(transformation("Formula", formula('[s]="a"', "Integer")))


def test_formula_replaces_a_field() -> None:
    """The field keeps its place."""
    graph = transformation("Formula", formula('[s]&"+"', "String", replace="s"))
    assert run(graph).rows("x") == [(1, "a+"), (2, "b+"), (3, None)]


def test_java_expression() -> None:
    """An int goes into an Integer; another class than the declared one fails."""
    assert [r[-1] for r in run(transformation("Janino", formula("(int) (i * 2)", "Integer"))).rows("x")] == [2, 4, 6]
    assert layout(transformation("Janino", formula("i", "Integer")))["v"].type == ValueType.INTEGER
    with pytest.raises(StepError, match="another type"):
        run(transformation("Janino", formula("i * 2", "Number")))


def test_java_filter() -> None:
    """Rows go to the named steps."""
    body = (
        "<send_true_to>good</send_true_to><send_false_to>bad</send_false_to>"
        f"<condition>{escape('i > 1 && s != null')}</condition>"
    )
    seen = run(transformation("JavaFilter", body))
    assert seen.rows("x", "good") == [(2, "b")]
    assert [r[0] for r in seen.rows("x", "bad")] == [1, 3]


def test_java_filter_without_targets_drops() -> None:
    """Only rows that pass go on."""
    body = "<send_true_to/><send_false_to/><condition>i != 2</condition>"
    assert [r[0] for r in run(transformation("JavaFilter", body)).rows("x")] == [1, 3]


def test_unknown_java_and_java_classes_are_refused() -> None:
    """The message names step and expression; Java classes are no step of the engine."""
    with pytest.raises(StepError, match=r"'x'.*Runtime"):
        run(transformation("Janino", formula("Runtime.getRuntime()", "String")))
    with pytest.raises(KettleError, match="UserDefinedJavaClass"):
        run(transformation("UserDefinedJavaClass", ""))
