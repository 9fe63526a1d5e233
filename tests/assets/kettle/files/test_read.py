"""Reading of Kettle and Hop files: what the model holds, and what is refused."""

from pathlib import Path

import pytest

from assets.kettle.errors import FileFormatError
from assets.kettle.files.read import read, read_job, read_transformation
from assets.kettle.model import ErrorHandling, Hop, JobHop, Parameter, Transformation

KTR = b"""<?xml version="1.0" encoding="UTF-8"?>
<transformation>
  <info>
    <name>load</name>
    <parameters>
      <parameter><name>DAY</name><default_value>1</default_value><description>which</description></parameter>
    </parameters>
  </info>
  <notepads/>
  <connection>
    <name>dw</name><server>db.example</server><type>MYSQL</type><access>Native</access><database>${DB}</database>
    <port>3306</port><username>u</username><password>Encrypted 2be98afc86aa7f2e4bb18bd63c99dbdde</password>
    <attributes><attribute><code>EXTRA_OPTION_MYSQL.useSSL</code><attribute>false</attribute></attribute></attributes>
  </connection>
  <order>
    <hop><from>in</from><to>OUT</to><enabled>Y</enabled></hop>
    <hop><from>in</from><to>bad</to></hop>
    <hop><from>in</from><to>gone</to><enabled>Y</enabled></hop>
    <hop><from>out</from><to>bad</to><enabled>N</enabled></hop>
  </order>
  <step><name>in</name><type>TableInput</type><distribute>N</distribute><copies>2</copies><sql>a &lt; b</sql></step>
  <step><name>out</name><type>TableOutput</type></step>
  <step><name>bad</name><type>Dummy</type><distribute/><copies_string>${N}</copies_string></step>
  <step_error_handling><error>
    <source_step>IN</source_step><target_step>Bad</target_step><is_enabled>Y</is_enabled>
    <nr_valuename>n</nr_valuename><descriptions_valuename>d</descriptions_valuename>
    <fields_valuename>f</fields_valuename><codes_valuename>c</codes_valuename>
    <max_errors>5</max_errors><max_pct_errors>10</max_pct_errors><min_pct_rows>100</min_pct_rows>
  </error><error><source_step>out</source_step><target_step>gone</target_step><is_enabled>Y</is_enabled></error>
  </step_error_handling>
</transformation>
"""

KJB = b"""<job><name>walk</name>
<entries>
 <entry><name>START</name><type>SPECIAL</type><start>Y</start><parallel>N</parallel><nr>0</nr></entry>
 <entry><name>go</name><type>TRANS</type><parallel>Y</parallel><nr>0</nr></entry>
 <entry><name>go</name><type>TRANS</type><nr>1</nr></entry>
</entries>
<hops>
 <hop><from>START</from><to>go</to><from_nr>0</from_nr><to_nr>0</to_nr><enabled>Y</enabled>
  <evaluation>Y</evaluation><unconditional>Y</unconditional></hop>
 <hop><from>go</from><to>go</to><from_nr>0</from_nr><to_nr>1</to_nr><enabled>N</enabled>
  <evaluation>N</evaluation><unconditional>N</unconditional></hop>
</hops></job>"""


def test_transformation() -> None:
    model = read_transformation(KTR, base=Path("/x/load.ktr"))
    assert (model.name, model.kind, model.path) == ("load", "ktr", Path("/x/load.ktr"))
    assert list(model.steps) == ["in", "out", "bad"]
    assert model.steps["in"].options.text("sql") == "a < b"
    assert [(s.distribute, s.copies) for s in model.steps.values()] == [(False, "2"), (True, "1"), (True, "${N}")]
    # names of hops match in any case, a hop to a step that is not there is passed over, absent <enabled> is Y
    assert model.hops == [Hop("in", "out"), Hop("in", "bad"), Hop("out", "bad", enabled=False)]
    assert model.parameters == [Parameter("DAY", "1", "which")]
    assert model.steps["in"].error == ErrorHandling("in", "bad", True, "n", "d", "f", "c", "5", "10", "100")
    assert model.steps["out"].error is None


def test_connection_keeps_the_password_out_of_its_repr() -> None:
    connection = read_transformation(KTR).connections["dw"]
    assert (connection.type, connection.host, connection.port, connection.database) == (
        "MYSQL",
        "db.example",
        "3306",
        "${DB}",
    )
    assert connection.attributes == {"EXTRA_OPTION_MYSQL.useSSL": "false"}
    assert connection.password.startswith("Encrypted ") and connection.password not in repr(connection)


def test_job_keeps_copies_of_an_entry_apart() -> None:
    job = read_job(KJB)
    assert [(e.name, e.nr, e.parallel) for e in job.entries] == [("START", 0, False), ("go", 0, True), ("go", 1, False)]
    assert job.hops == [
        JobHop("START", "go", unconditional=True),
        JobHop("go", "go", 0, 1, enabled=False, evaluation=False),
    ]


def test_hop_files() -> None:
    pipeline = read_transformation(
        b"""<pipeline><info><name>p</name></info>
        <order><hop><from>a</from><to>b</to><enabled>Y</enabled></hop></order>
        <transform><name>a</name><type>RowGenerator</type><distribute>N</distribute></transform>
        <transform><name>b</name><type>Dummy</type></transform>
        <transform_error_handling><error><source_transform>a</source_transform><target_transform>b</target_transform>
        <is_enabled>Y</is_enabled></error></transform_error_handling></pipeline>"""
    )
    assert (pipeline.kind, list(pipeline.steps), pipeline.hops) == ("hpl", ["a", "b"], [Hop("a", "b")])
    assert pipeline.steps["a"].error == ErrorHandling("a", "b", True)
    workflow = read_job(
        b"""<workflow><name>w</name><actions><action><name>S</name><type>SPECIAL</type></action>
        <action><name>x</name><type>PIPELINE</type></action></actions>
        <hops><hop><from>S</from><to>x</to><enabled>Y</enabled><evaluation>Y</evaluation>
        <unconditional>N</unconditional></hop></hops></workflow>"""
    )
    assert (workflow.kind, [e.name for e in workflow.entries]) == ("hwf", ["S", "x"])
    assert workflow.hops == [JobHop("S", "x")]


def test_a_repeated_step_counts_once_at_its_first_place() -> None:
    model = read_transformation(
        b"<transformation><info/><step><name>a</name><type>One</type></step><step><name>b</name><type>Two</type></step>"
        b"<step><name>A</name><type>Three</type></step></transformation>"
    )
    assert [(s.name, s.type) for s in model.steps.values()] == [("A", "Three"), ("b", "Two")]


@pytest.mark.parametrize(
    ("declared", "name", "encoding"),
    [
        ("", "é", "utf-8"),
        ("", "é", "utf-8-sig"),
        ("", "é", "utf-16"),
        ("UTF-8", "é", "utf-8"),
        ("ISO-8859-1", "é", "latin-1"),
        ("GBK", "转换", "gbk"),
        ("UTF-16", "é", "utf-16-le"),
        ("UTF-16", "é", "utf-8"),  # readable byte by byte, so it is not UTF-16 whatever it says
    ],
)
def test_encodings(declared: str, name: str, encoding: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = f"{declaration}<transformation><info><name>{name}</name></info></transformation>"
    assert read_transformation(text.encode(encoding)).name == name


def test_undeclared_prefixes_are_allowed() -> None:
    model = read_transformation(b'<transformation><info><name xsi:type="x">n</name></info></transformation>')
    assert model.name == "n"


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<transformation x="&b;"><info><name>&b;</name></info></transformation>"""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"not xml", "line 1: not well-formed"),
        (b"<transformation>\n<info>\n</transformation>", "line 3: not well-formed"),
        (b"<transformation>&nbsp;</transformation>", "undefined entity"),
        (LAUGHS, "line 1: a document type"),
        (b'<!DOCTYPE t SYSTEM "http://127.0.0.1:9/x.dtd"><transformation/>', "document type"),
        (
            b'<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><transformation>&x;</transformation>',
            "document type",
        ),
        (b"<html/>", "<html>, not <transformation> or <pipeline>"),
        (b"<job/>", "this is a job"),
        (b"<transformation>\n\xff</transformation>", "line 2: byte 0xff is not utf-8"),
        (b'<?xml version="1.0" encoding="klingon"?><transformation/>', "unknown encoding 'klingon'"),
        (b'<?xml version="1.0" encoding="hex"?><transformation/>', "unknown encoding 'hex'"),
        (b"<a>" * 5000 + b"</a>" * 5000, "nested over"),
        (b"<transformation><step><type>Dummy</type></step></transformation>", "a step has no name"),
    ],
)
def test_refused(data: bytes, message: str) -> None:
    with pytest.raises(FileFormatError, match=r"^f\.ktr: ") as caught:
        read_transformation(data, base=Path("f.ktr"))
    assert message in str(caught.value)


def test_read_tells_jobs_from_transformations_by_the_root_element(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(KTR)
    (tmp_path / "b.xml").write_bytes(KJB)
    assert isinstance(read(tmp_path / "a.xml"), Transformation)
    assert read(tmp_path / "b.xml").kind == "kjb"
    with pytest.raises(FileFormatError, match="this is a transformation"):
        read_job(tmp_path / "a.xml")
    with pytest.raises(FileFormatError, match="No such file"):
        read(tmp_path / "none.ktr")


def test_a_long_text_is_read() -> None:
    text = b"x" * (11 << 20)  # lxml's own limit for one text is 10 million
    model = read_transformation(
        b"<transformation><step><name>a</name><type>D</type><sql>" + text + b"</sql></step></transformation>"
    )
    assert len(model.steps["a"].options.text("sql")) == len(text)
