"""Differences between two versions of a file."""

from assets.kettle.diff import HopChange, Move, NodeChange, OptionChange, diff, render
from assets.kettle.files import edit
from assets.kettle.files.new import new_step
from assets.kettle.files.read import read_job, read_transformation

KTR = b"""<transformation><info><name>t</name><size_rowset>100</size_rowset><modified_date>1</modified_date>
<parameters><parameter><name>P</name><default_value>1</default_value></parameter></parameters></info>
<notepads><notepad><note>hello</note><xloc>1</xloc></notepad></notepads>
<connection><name>dw</name><type>H2</type><password>old</password><attributes><attribute><code>CUSTOM_URL</code>
<attribute>jdbc:x://u:pw@h/db;password=pw1</attribute></attribute></attributes></connection>
<order><hop><from>a</from><to>b</to><enabled>Y</enabled></hop><hop><from>b</from><to>c</to><enabled>Y</enabled></hop>
</order>
<step><name>a</name><type>TableInput</type><sql>select 1</sql><GUI><xloc>1</xloc><yloc>2</yloc></GUI></step>
<step><name>b</name><type>SortRows</type><directory>/tmp</directory><fields>
<field><name>k</name><ascending>Y</ascending></field><field><name>l</name><ascending>Y</ascending></field></fields></step>
<step><name>c</name><type>Dummy</type><x/></step></transformation>"""


def _changed(*pairs: tuple[bytes, bytes]) -> bytes:
    data = KTR
    for old, new in pairs:
        assert old in data
        data = data.replace(old, new)
    return data


def _diff(*pairs: tuple[bytes, bytes]):
    return diff(read_transformation(KTR), read_transformation(_changed(*pairs)))


def test_layout_of_the_text_makes_no_difference() -> None:
    found = _diff((b"<x/>", b"<x></x>\n<y/>"), (b"select 1", b"<![CDATA[select 1]]>"), (b"<order>", b"\n<order>"))
    assert found.empty and render(found) == ""


def test_an_option() -> None:
    found = _diff((b"select 1", b"select 2"), (b"<ascending>Y</ascending></field><field>", b"</field><field>"))
    assert found.steps == [
        NodeChange("a", "TableInput", "changed", options=(OptionChange("sql", "select 1", "select 2"),)),
        NodeChange("b", "SortRows", "changed", options=(OptionChange("fields/field[k]/ascending", "Y", ""),)),
    ]
    assert "  sql: 'select 1' -> 'select 2'" in render(found)


def test_order_of_a_list() -> None:
    first, second = (
        b"<field><name>k</name><ascending>Y</ascending></field>",
        b"<field><name>l</name><ascending>Y</ascending></field>",
    )
    (change,) = _diff((first + second, second + first)).steps
    assert change.options == (OptionChange("fields/field[order]", "k, l", "l, k"),)
    (change,) = _diff((first, b"")).steps
    assert {option.path for option in change.options} == {"fields/field[k]/name", "fields/field[k]/ascending"}


def test_what_every_step_has() -> None:
    found = _diff((b"<x/>", b"<distribute>N</distribute><copies>4</copies>"))
    assert found.steps[0].options == (OptionChange("distribute", "Y", "N"), OptionChange("copies", "1", "4"))
    handled = _diff(
        (
            b"</transformation>",
            b"<step_error_handling><error><source_step>a</source_step><target_step>c</target_step>"
            b"<is_enabled>Y</is_enabled></error></step_error_handling></transformation>",
        )
    )
    assert OptionChange("error handling/target", "", "c") in handled.steps[0].options


def test_added_removed_renamed() -> None:
    new = read_transformation(KTR)
    edit.remove_step(new, "c")
    edit.add_step(new, new_step("d", "Calculator", [], x=1, y=1))
    found = diff(read_transformation(KTR), new)
    assert [(s.name, s.change) for s in found.steps] == [("c", "removed"), ("d", "added")]
    assert found.hops == [HopChange("b", "c", "removed")]
    renamed = _diff((b"<name>b<", b"<name>sorted<"), (b"<to>b<", b"<to>sorted<"), (b"<from>b<", b"<from>sorted<"))
    assert renamed.steps == [NodeChange("sorted", "SortRows", "renamed", "b")]
    assert renamed.hops == [] and "renamed step 'sorted' [SortRows] (was 'b')" in render(renamed)


def test_hops() -> None:
    found = _diff((b"<to>b</to><enabled>Y", b"<to>b</to><enabled>N"), (b"<from>b</from><to>c", b"<from>a</from><to>c"))
    assert found.hops == [
        HopChange("b", "c", "removed"),
        HopChange("a", "b", "disabled"),
        HopChange("a", "c", "added"),
    ]


def test_moves_and_stamps_are_apart() -> None:
    pairs = (
        (b"<xloc>1</xloc><yloc>2", b"<xloc>9</xloc><yloc>2"),
        (b"<modified_date>1", b"<modified_date>2"),
        (b"hello", b"bye"),
    )
    found = _diff(*pairs)
    assert found.same_run and not found.empty
    assert found.moves == [Move("a", ("1", "2"), ("9", "2"))]
    assert found.stamps == [OptionChange("modified_date", "1", "2")]
    assert found.notes == [OptionChange("note 1", "hello", "bye")]
    assert diff(read_transformation(KTR), read_transformation(_changed(*pairs)), layout=False).empty


def test_settings_parameters_and_connections() -> None:
    found = _diff((b">100<", b">200<"), (b"<default_value>1", b"<default_value>2"), (b"H2", b"MYSQL"))
    assert found.settings == [OptionChange("size_rowset", "100", "200")]
    beside = _diff((b"</transformation>", b"<slave_transformation>Y</slave_transformation></transformation>"))
    assert beside.settings == [OptionChange("slave_transformation", "", "Y")]
    assert found.parameters == [OptionChange("P/default", "1", "2")]
    assert found.connections == [NodeChange("dw", "MYSQL", "changed", options=(OptionChange("type", "H2", "MYSQL"),))]


def test_passwords_are_masked() -> None:
    found = _diff((b"<password>old", b"<password>new"), (b"u:pw@h/db;password=pw1", b"u:pw@h/db2;password=pw2"))
    assert found.connections[0].options == (
        OptionChange("password", "***", "***"),
        OptionChange(
            "attributes/attribute[CUSTOM_URL]/attribute",
            "jdbc:x://u:***@h/db;password=***",
            "jdbc:x://u:***@h/db2;password=***",
        ),
    )
    variable = _diff((b"<password>old", b"<password>${PWD}"))
    assert variable.connections[0].options == (OptionChange("password", "***", "${PWD}"),)


def test_jobs() -> None:
    data = (
        b"<job><name>j</name><entries><entry><name>S</name><type>SPECIAL</type><nr>0</nr><xloc>1</xloc></entry>"
        b"<entry><name>x</name><type>TRANS</type><filename>a.ktr</filename><nr>0</nr></entry>"
        b"<entry><name>x</name><type>TRANS</type><filename>a.ktr</filename><nr>1</nr></entry></entries><hops>"
        b"<hop><from>S</from><to>x</to><to_nr>0</to_nr><evaluation>Y</evaluation><unconditional>Y</unconditional></hop>"
        b"<hop><from>S</from><to>x</to><to_nr>1</to_nr><evaluation>Y</evaluation><unconditional>N</unconditional></hop>"
        b"</hops></job>"
    )
    old = read_job(data)
    new = read_job(data.replace(b"a.ktr</filename><nr>1", b"b.ktr</filename><parallel>Y</parallel><nr>1"))
    edit.remove_hop(new, "S", "x")
    edit.add_hop(new, "S", "x", evaluation=False)
    found = diff(old, new)
    assert found.steps == [
        NodeChange(
            "x (1)",
            "TRANS",
            "changed",
            options=(OptionChange("filename", "a.ktr", "b.ktr"), OptionChange("parallel", "", "Y")),
        )
    ]
    assert found.hops == [HopChange("S", "x", "always -> on failure"), HopChange("S", "x (1), x", "order")]
