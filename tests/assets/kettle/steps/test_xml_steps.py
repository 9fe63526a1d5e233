"""The XML steps: get data, stream, output, add, join, transformation, validation."""

from pathlib import Path
from typing import Any

import pytest

from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, Outcome, grid

ITEMS = "<items><item id='1'><n> Cake </n><p>0.5</p></item><item id='2'><n>Pie</n><x/></item></items>"


def get(text: str, loop: str, *fields: dict[str, str], **tags: str) -> Outcome:
    columns = [("field", list(({"type": "String"} | f).items())) for f in fields]
    options = [("IsInFields", "Y"), ("XmlField", "x"), ("loopxpath", loop), *tags.items(), ("fields", columns)]
    flow = Flow().step("g", "DataGrid", grid({"x": "String"}, [(text,)])).step("in", "getXMLData", options)
    return flow.hop("g", "in").run()


def test_nodes_attributes_types_and_missing_elements() -> None:
    fields = (
        {"name": "id", "xpath": "id", "element_type": "attribut", "type": "Integer"},
        {"name": "n", "xpath": "n", "trim_type": "both"},
        {"name": "p", "xpath": "p", "type": "Number"},
        {"name": "gone", "xpath": "gone"},
    )
    outcome = get(ITEMS, "/items/item", *fields)
    assert [row[1:] for row in outcome.rows("in")] == [(1, "Cake", 0.5, ""), (2, "Pie", None, "")]
    assert outcome.counters["in"].input == 2


def test_single_node_tokens_and_relative_paths() -> None:
    fields = (
        {"name": "id", "xpath": "@id"},
        {"name": "node", "xpath": "n", "result_type": "singlenode"},
        {"name": "again", "xpath": "../item[@id='@_id-']/n"},
    )
    rows = get(ITEMS, "items/item", *fields, usetoken="Y").rows("in")
    assert [row[2:] for row in rows] == [("<n> Cake </n>", " Cake "), ("<n>Pie</n>", "Pie")]


def test_default_namespace() -> None:
    text = "<a xmlns='urn:a'><b><c>1</c></b></a>"
    assert get(text, "/a/b", {"name": "c", "xpath": "c"}, namespaceaware="Y").rows("in")[0][1] == "1"


def test_rows_that_do_not_convert_are_rejected_null_from_there_on() -> None:
    text = "<r><i><a>1</a><b>x</b></i><i><a>y</a><b>z</b></i></r>"
    columns = [("field", [("name", n), ("xpath", n), ("type", t)]) for n, t in (("a", "Integer"), ("b", "String"))]
    options = [("IsInFields", "Y"), ("XmlField", "x"), ("loopxpath", "/r/i"), ("fields", columns)]
    flow = Flow().step("g", "DataGrid", grid({"x": "String"}, [(text,)])).step("in", "getXMLData", options)
    flow.step("ok", "Dummy").step("bad", "Dummy").hop("g", "in", "ok")
    outcome = flow.errors("in", "bad", codes_valuename="code").run()
    assert [row[1:] for row in outcome.rows("ok")] == [(1, "x")]
    assert [row[1:] for row in outcome.rows("bad")] == [(None, None, "GetXMLData001")]


BOMB = '<!DOCTYPE a [<!ENTITY e "boom">]><a>&e;</a>'


def test_entities_are_refused() -> None:
    with pytest.raises(StepError, match="entities"):
        get(BOMB, "/a", {"name": "t", "xpath": "."})


def stream(path: Path) -> Flow:
    wanted = ("DataTypeDescription", "XmlElementID", "XmlParentElementID", "XmlPath", "XmlDataName", "XmlDataValue")
    options = [("filename", str(path)), ("enableTrim", "Y"), *[(f"include{w}Field", "Y") for w in wanted]]
    return Flow().step("in", "XMLInputStream", options)


def test_stream_of_events(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text("<?xml version='1.0'?>\n<a k='v'>\n <b>t</b>\n</a>\n")
    outcome = stream(file).run()
    assert outcome.rows("in") == [
        ("START_DOCUMENT", 0, None, "", None, None),
        ("START_ELEMENT", 1, 0, "/a", "a", None),
        ("ATTRIBUTE", 1, 0, "/a", "k", "v"),
        ("START_ELEMENT", 2, 1, "/a/b", "b", None),
        ("CHARACTERS", 2, 1, "/a/b", "b", "t"),
        ("END_ELEMENT", 2, 1, "/a/b", "b", None),
        ("END_ELEMENT", 1, 0, "/a", "a", None),
        ("END_DOCUMENT", 0, None, "", None, None),
    ]
    assert outcome.counters["in"].input == 11  # two blank texts inside, one before and one after the root
    file.write_text(BOMB)
    with pytest.raises(StepError, match="entities"):
        stream(file).run()


def test_output_escapes_and_marks_null(tmp_path: Path) -> None:
    fields = [("field", [("name", "i"), ("format", "000")]), ("field", [("name", "s"), ("element", "text")])]
    options: list[tuple[str, Any]] = [
        ("encoding", "ISO-8859-1"),
        ("xml_main_element", "Rows"),
        ("xml_repeat_element", "Row"),
    ]
    options += [("file", [("name", str(tmp_path / "o")), ("extention", "xml")]), ("fields", fields)]
    data = grid({"i": "Integer", "s": "String"}, [("7", "a<&é€"), (None, None)])
    outcome = Flow().step("g", "DataGrid", data).step("out", "XMLOutput", options).hop("g", "out").run()
    assert (tmp_path / "o.xml").read_bytes().decode("latin-1") == (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<Rows>\n'
        "<Row><i>007</i> <text>a&lt;&amp;é&#8364;</text></Row>\n<Row><i/> <text/></Row>\n</Rows>\n"
    )
    assert outcome.counters["out"].output == 2


def test_add_xml_sorts_attributes_and_formats_numbers() -> None:
    fields = [
        ("field", [("name", "n"), ("attribute", "Y")]),
        ("field", [("name", "b"), ("attribute", "Y")]),
        ("field", [("name", "s")]),
        ("field", [("name", "k"), ("attribute", "Y"), ("attributeParentName", "s")]),
    ]
    options = [
        ("xml_repeat_element", "row"),
        ("valueName", "x"),
        ("file", [("omitXMLheader", "Y")]),
        ("fields", fields),
    ]
    data = grid({"n": "Number", "b": "Boolean", "s": "String", "k": "String"}, [("1234.5", "Y", "t>", 'q"')])
    outcome = Flow().step("g", "DataGrid", data).step("x", "AddXML", options).hop("g", "x").run()
    assert outcome.column("x", "x") == ['<row b="Y" n="1,234.5"><s k="q&quot;">t&gt;</s></row>']


def test_join_puts_pieces_at_the_path() -> None:
    options = [("targetXMLstep", "t"), ("targetXMLfield", "d"), ("sourceXMLstep", "s"), ("sourceXMLfield", "p")]
    options += [("valueXMLfield", "out"), ("targetXPath", "/a/b[@k='?']"), ("complexJoin", "Y")]
    options += [("joinCompareField", "k"), ("omitXMLHeader", "Y")]
    flow = Flow().step("t", "DataGrid", grid({"d": "String"}, [("<a><b k='1'/><b k='2'/></a>",)]))
    flow.step("s", "DataGrid", grid({"p": "String", "k": "String"}, [("<c/>", "2"), ("<d/>", "1")]))
    outcome = flow.step("j", "XMLJoin", options).hop("t", "j").hop("s", "j").run()
    assert outcome.column("j", "out") == ['<a><b k="1"><d/></b><b k="2"><c/></b></a>']


SHEET = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:param name="p"/>
<xsl:output omit-xml-declaration="yes"/><xsl:template match="/"><o><xsl:value-of select="concat(/a,$p)"/></o>
</xsl:template></xsl:stylesheet>"""


def test_xslt_with_parameter_and_without_reading_other_files(tmp_path: Path) -> None:
    sheet = tmp_path / "s.xsl"
    parameters = [("parameter", [("field", "q"), ("name", "p")])]
    options = [("fieldname", "x"), ("resultfieldname", "r"), ("xslfilename", str(sheet)), ("parameters", parameters)]
    flow = Flow().step("g", "DataGrid", grid({"x": "String", "q": "String"}, [("<a>1</a>", "'2")]))
    flow.step("t", "XSLT", options).hop("g", "t")
    sheet.write_text(SHEET)
    assert flow.run().column("t", "r") == ["<o>1'2</o>\n"]
    secret = tmp_path / "secret.xml"
    secret.write_text("<s>secret</s>")
    sheet.write_text(SHEET.replace("concat(/a,$p)", f"document('file://{secret}')"))
    with pytest.raises(StepError) as caught:
        flow.run()
    assert "secret</s>" not in str(caught.value)


def test_schema_validation(tmp_path: Path) -> None:
    schema = tmp_path / "s.xsd"
    schema.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a" type="xs:integer"/></xs:schema>'
    )
    options = [("xmlstream", "x"), ("resultfieldname", "ok"), ("xdsfilename", str(schema)), ("addvalidationmsg", "Y")]
    options += [("validationmsgfield", "why")]
    flow = Flow().step("g", "DataGrid", grid({"x": "String"}, [("<a>1</a>",), ("<a>x</a>",)]))
    rows = flow.step("v", "XSDValidator", options).hop("g", "v").run().rows("v")
    assert [row[1] for row in rows] == [True, False]
    assert "integer" in rows[1][2]
