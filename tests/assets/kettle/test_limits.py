"""What a file asks too much of ends soon, with an error that names step and field."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from assets.kettle import limits
from assets.kettle.errors import KettleError
from tests.assets.kettle.flow import Flow, grid

BACKTRACKING = "(?=a)(a|aa)+$"
TEXT = "a" * 40 + "c"


@contextmanager
def refused(match: str, seconds: float = 5.0) -> Iterator[None]:
    begun = time.process_time()
    with pytest.raises(KettleError, match=match):
        yield
    assert time.process_time() - begun < seconds


def one(value: str) -> Flow:
    return Flow().step("in", "DataGrid", grid({"t": "String"}, [(value,)]))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REGEX_SECONDS", 0.2)


@pytest.mark.parametrize("pattern", [BACKTRACKING, "(?=a)(a|a|aa)+(?:x|y)"])
def test_regular_expressions_that_backtrack_without_end(pattern: str) -> None:
    flow = one(TEXT).step("match", "RegexEval", script=pattern, matcher="t", resultfieldname="r").hop("in", "match")
    with refused("step 'match': .*did not end on a text within"):
        flow.run()
    field = [("in_stream_name", "t"), ("out_stream_name", "o"), ("use_regex", "yes"), ("replace_string", pattern)]
    flow = one(TEXT).step("replace", "ReplaceString", [("fields", [("field", [*field, ("replace_by_string", "x")])])])
    with refused("step 'replace': .*did not end on a text within"):
        flow.hop("in", "replace").run()


def test_java_expressions_with_expressions_that_backtrack_name_the_field() -> None:
    formula = [("field_name", "f"), ("formula_string", f't.matches("{BACKTRACKING}")'), ("value_type", "Boolean")]
    with refused("step 'java': f: the regular expression"):
        one(TEXT).step("java", "Janino", [("formula", formula)]).hop("in", "java").run()


def test_a_linear_expression_is_not_slow_on_a_long_text() -> None:
    flow = one("a" * 200_000).step("match", "RegexEval", script="(a+)+b", matcher="t", resultfieldname="r")
    assert flow.hop("in", "match").run().column("match", "r") == [False]


def test_texts_as_long_as_a_number_says() -> None:
    formula = [("field_name", "f"), ("formula_string", "REPT([t];1000000000)"), ("value_type", "String")]
    with refused("step 'long': f: a text of 1,000,000,000 characters"):
        one("x").step("long", "Formula", [("formula", formula)]).hop("in", "long").run()
    call = "org.apache.commons.lang.StringUtils.rightPad(t, 1000000000)"
    formula = [("field_name", "g"), ("formula_string", call), ("value_type", "String")]
    with refused("step 'pad': g: a text of 1,000,000,000 characters"):
        one("x").step("pad", "Janino", [("formula", formula)]).hop("in", "pad").run()
    script = [("jsScript_type", "0"), ("jsScript_name", "s"), ("jsScript_script", "var f = rpad(t, ' ', 1e9)")]
    out = [("field", [("name", "f"), ("rename", "f"), ("type", "String")])]
    options = [("jsScripts", [("jsScript", script)]), ("fields", out), ("compatible", "N")]
    with refused("step 'js': .*a text of 1000000000 characters"):
        one("x").step("js", "ScriptValueMod", options).hop("in", "js").run()


def test_nested_searches_of_an_xpath_are_refused_by_the_documents_size() -> None:
    nested = "//a[.//a[.//a[.//a = 'x'] = 'y'] = 'z']"
    limits.xpath_work(nested, 100)
    limits.xpath_work("//a[b = '//[//[//']//c//d", 10**6)
    with pytest.raises(KettleError, match="searches 4 levels deep in a document of 1,000 nodes"):
        limits.xpath_work(nested, 1_000)


@pytest.mark.parametrize("path", ["$..a", "$.a"])
def test_json_that_is_nested_too_deep_is_told(path: str) -> None:
    read = [("name", "a"), ("path", path), ("type", "String")]
    options = [("IsInFields", "Y"), ("valueField", "t"), ("fields", [("field", read)])]
    for document in ("[" * 100_000 + "]" * 100_000, '{"b":' * 5_000 + "1" + "}" * 5_000):
        with refused("step 'json': .*nested too deep"):
            one(document).step("json", "JsonInput", options).hop("in", "json").run()
