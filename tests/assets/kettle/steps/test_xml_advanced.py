"""XML output by a tree of nodes."""

import zipfile
from pathlib import Path

import pytest

from assets.kettle.errors import FileFormatError, StepError
from assets.kettle.files.new import Settings
from assets.kettle.formats.xml_tree import fragment
from tests.assets.kettle.flow import Flow, grid

ITEMS = grid(
    {"shop": "String", "sku": "String", "price": "Number", "extra": "String"},
    [("A", "x<1", "1.5", "<b>1</b>tail<c/>"), ("A", None, None, None), ("B", "z", "2", None)],
)


def node(name: str, *children: tuple[str, Settings], kind: str = "Element", **tags: str) -> tuple[str, Settings]:
    return ("node", [("name", name), ("kind", kind), *tags.items(), ("children", list(children))])


PRICE = node("price", mapped_field="price", format="0.00")
ITEM = node("item", node("sku", kind="Attribute", mapped_field="sku"), PRICE, loop="Y")
TREE = [
    ("name", "shops"),
    ("children", [node("shop", node("id", mapped_field="shop"), ITEM, group_by="Y", mapped_field="shop")]),
]


def output(tree: Settings, name: Path | str = "", **tags: str) -> Flow:
    file = [("name", str(name)), ("extension", "xml"), ("zipped", tags.pop("zipped", "N"))]
    file.append(("splitevery", tags.pop("splitevery", "0")))
    flow = Flow().step("in", "DataGrid", ITEMS)
    return flow.step("out", "AdvancedXMLOutput", [*tags.items(), ("file", file), ("tree", tree)]).hop("in", "out")


def test_groups_begin_anew_when_their_key_changes(tmp_path: Path) -> None:
    done = output(TREE, tmp_path / "a", blank_line_after_xml_decl="Y").run()
    assert (tmp_path / "a.xml").read_text() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<shops>\n'
        '<shop><id>A</id>\n<item sku="x&lt;1"><price>1.50</price></item>\n<item/>\n</shop>\n'
        '<shop><id>B</id>\n<item sku="z"><price>2.00</price></item>\n</shop>\n</shops>\n'
    )
    assert (done.counters["out"].output, len(done.rows("out"))) == (3, 3)


def test_what_has_no_value_is_written_where_that_is_wanted(tmp_path: Path) -> None:
    rules = {"compact_file": "Y", "create_attr_if_null": "Y", "create_empty_element": "Y", "generate_xsd": "Y"}
    output(TREE, tmp_path / "a", **rules).run()
    assert '<item sku=""><price/></item>' in (tmp_path / "a.xml").read_text()
    described = (tmp_path / "a.xsd").read_text()
    assert '<xs:element name="item" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>' in described
    assert '<xs:element name="price" type="xs:decimal"/>' in described
    assert '<xs:attribute name="sku" type="xs:string" use="optional"/>' in described


def test_documents_are_split_and_packed(tmp_path: Path) -> None:
    output(TREE, tmp_path / "a", splitevery="2", zipped="Y").run()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a_00001.zip", "a_00002.zip"]
    with zipfile.ZipFile(tmp_path / "a_00002.zip") as archive:
        assert b"<id>B</id>" in archive.read("a_00002.xml")
        assert b"<id>A</id>" not in archive.read("a_00002.xml")


def test_the_document_goes_on_in_a_field() -> None:
    extra = node("extra", kind="DocumentFragment", mapped_field="extra")
    tree = [("name", "r"), ("namespace", "urn:x"), ("children", [node("i", extra, loop="Y")])]
    options = {"operation_type": "outputvalue", "output_xml_field": "xml", "compact_file": "Y", "encoding": "UTF-8"}
    done = output(tree, **options).run()
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    assert done.rows("out") == [(f'{head}<r xmlns="urn:x"><i><b>1</b><c/></i><i/><i/></r>',)]
    done = output(tree, **options, include_input_fields_in_output="Y").run()
    assert done.layouts["out"] == ["shop", "sku", "price", "extra", "xml"]
    assert done.rows("out")[0][0] == "B"


def test_no_rows_make_no_file(tmp_path: Path) -> None:
    flow = Flow().step("in", "DataGrid", grid({"shop": "String", "sku": "String", "price": "Number"}, []))
    options = [("file", [("name", str(tmp_path / "a")), ("extension", "xml")]), ("tree", TREE)]
    flow.step("out", "AdvancedXMLOutput", options).hop("in", "out").run()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="the tree has 0 loop elements"):
        output([("name", "r")], tmp_path / "a").run()
    with pytest.raises(StepError, match="the field of 'x' 'gone' is not in the input"):
        output([("name", "r"), ("children", [node("x", loop="Y", mapped_field="gone")])], tmp_path / "a").run()
    with pytest.raises(StepError, match="no operation 'other'"):
        output(TREE, tmp_path / "a", operation_type="other").run()


def test_fragments() -> None:
    assert fragment('<?xml version="1.0"?><a n="1"> <b>x</b> y</a>', strip=False) == '<a n="1"> <b>x</b> y</a>'
    assert fragment("<a><b>x</b></a><c/>", strip=True) == "<b>x</b><c/>"
    assert fragment("  ", strip=False) == ""
    with pytest.raises(FileFormatError):
        fragment("<a>", strip=False)
    with pytest.raises(FileFormatError):
        fragment('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', strip=False)
