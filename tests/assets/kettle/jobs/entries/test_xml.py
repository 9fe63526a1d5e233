"""Entries on XML files."""

from pathlib import Path

import pytest

from assets.kettle.errors import KettleError
from tests.assets.kettle.jobs.entries.entry import Ran, fields

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="part.xsd"/>
<xs:element name="a" type="number"/></xs:schema>"""
PART = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:simpleType name="number"><xs:restriction base="xs:integer"/></xs:simpleType></xs:schema>"""
SHEET = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="text"/>
<xsl:param name="p"/><xsl:template match="/"><xsl:value-of select="concat($p, /a)"/></xsl:template></xsl:stylesheet>"""
BOMB = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>'


def test_well_formed(tmp_path: Path) -> None:
    for name, text in (("good.xml", "<a/>"), ("bad.xml", "<a>"), ("bomb.xml", BOMB)):
        (tmp_path / name).write_text(text)
    line = fields({"source_filefolder": tmp_path, "wildcard": r".*\.xml"})
    done = Ran("XML_WELL_FORMED", line, success_condition="success_when_at_least", nr_errors_less_than=1,
               resultfilenames="only_bad_formed_filenames")  # fmt: skip
    assert done.ok and done.result.lines.written == 1 and done.result.lines.rejected == 2
    assert [Path(f).name for f in done.files] == ["bad.xml", "bomb.xml"] and "entities" in done.log
    assert not Ran("XML_WELL_FORMED", line, success_condition="success_if_no_errors").ok


def test_schema_with_a_part_beside_it(tmp_path: Path) -> None:
    (tmp_path / "all.xsd").write_text(SCHEMA)
    (tmp_path / "part.xsd").write_text(PART)
    (tmp_path / "x.xml").write_text("<a>12</a>")
    options = {"xmlfilename": tmp_path / "x.xml", "xsdfilename": tmp_path / "all.xsd"}
    assert Ran("XSD_VALIDATOR", **options).ok
    (tmp_path / "x.xml").write_text("<a>twelve</a>")
    bad = Ran("XSD_VALIDATOR", **options)
    assert not bad.ok and bad.result.errors == 1 and "twelve" in bad.log
    (tmp_path / "all.xsd").write_text(SCHEMA.replace("part.xsd", "http://192.0.2.1/part.xsd"))
    with pytest.raises(KettleError, match="it'"):
        Ran("XSD_VALIDATOR", **options)


def test_dtd_inside_and_outside(tmp_path: Path) -> None:
    (tmp_path / "a.dtd").write_text("<!ELEMENT a (b)><!ELEMENT b EMPTY>")
    (tmp_path / "x.xml").write_text("<a><b/></a>")
    (tmp_path / "y.xml").write_text("<!DOCTYPE a [<!ELEMENT a EMPTY>]><a><b/></a>")
    assert Ran("DTD_VALIDATOR", xmlfilename=tmp_path / "x.xml", dtdfilename=tmp_path / "a.dtd").ok
    assert not Ran("DTD_VALIDATOR", xmlfilename=tmp_path / "y.xml", dtdintern="Y").ok
    (tmp_path / "z.xml").write_text(BOMB)
    with pytest.raises(KettleError, match="entities"):
        Ran("DTD_VALIDATOR", xmlfilename=tmp_path / "z.xml", dtdintern="Y")


def test_style_sheet(tmp_path: Path) -> None:
    (tmp_path / "s.xsl").write_text(SHEET)
    (tmp_path / "x.xml").write_text("<a>1</a>")
    out = tmp_path / "out.txt"
    options = {"xmlfilename": tmp_path / "x.xml", "xslfilename": tmp_path / "s.xsl", "outputfilename": out}
    given = fields({"field": 'it\'s "n" ', "name": "p"}, group="parameters", one="parameter")
    assert Ran("XSLT", given, addfiletoresult="Y", **options).files == [str(out)]
    assert out.read_text() == 'it\'s "n" 1'
    with pytest.raises(KettleError, match="exists already"):
        Ran("XSLT", iffileexists=2, **options)
    assert Ran("XSLT", iffileexists=0, **options).ok and len(list(tmp_path.glob("out*"))) == 2
    steal = SHEET.replace("concat($p, /a)", "document('http://192.0.2.1/x')")
    (tmp_path / "s.xsl").write_text(steal)
    out.unlink()
    with pytest.raises(KettleError):
        Ran("XSLT", **options)
    assert not out.exists()
