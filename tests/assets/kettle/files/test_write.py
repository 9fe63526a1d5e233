"""Writing: what is not changed keeps its bytes, what is changed is written as Kettle writes."""

import os
from pathlib import Path

import pytest
from lxml import etree

from assets.kettle.errors import FileFormatError, KettleError
from assets.kettle.files import edit
from assets.kettle.files.new import element, new_step
from assets.kettle.files.passwords import reveal
from assets.kettle.files.read import read, read_job, read_transformation
from assets.kettle.files.write import copied, to_bytes, write
from assets.kettle.model import Hop, JobHop

ODD = (
    b"\xef\xbb\xbf<?xml version='1.0'  encoding=\"UTF-8\"?>\r\n<!-- kept -->\r\n"
    b"<transformation>\r\n  <info>\r\n    <name>t</name>\r\n    <directory>&#x2f;</directory>\r\n  </info>\r\n"
    b"  <order>\r\n    <hop> <from>a</from><to>b</to><enabled>Y</enabled> </hop>\r\n  </order>\r\n"
    b"  <step>\r\n    <name>a</name>\r\n    <type>Dummy</type>\r\n    <x></x>\r\n    <y/>\r\n"
    b"    <z a='1' b=\"&gt;\" />\r\n"
    b"    <sql><![CDATA[a < b]]></sql><!-- in --><?pi x?>\r\n    <password>clear</password>\r\n  </step>\r\n"
    b"  <step>\r\n    <name>b</name>\r\n    <type>Dummy</type>\r\n  </step>\r\n</transformation>\r\n<!-- end -->"
)


def test_an_unmodified_file_is_the_same_bytes() -> None:
    assert to_bytes(read_transformation(ODD)) == ODD


def test_a_changed_option_changes_its_own_bytes_only() -> None:
    model = read_transformation(ODD)
    edit.set_text(model, "a", "x", "1/2 <é>\nnext")
    assert to_bytes(model) == ODD.replace(
        b"<x></x>", b"<x>1&#x2f;2 &#x3c;&#xe9;&#x3e;&#xa;next</x>"
    )  # the file spells characters out, so does the change
    edit.set_text(model, "a", "x", "")
    assert to_bytes(model) == ODD  # as it was
    edit.set_text(model, "a", "sql", "")
    assert to_bytes(model) == ODD.replace(b"<sql><![CDATA[a < b]]></sql>", b"<sql/>")


def test_other_spellings_of_special_characters() -> None:
    plain = b"<transformation><info/><step><name>a</name><type>D</type><x/></step></transformation>"
    model = read_transformation(plain)
    edit.set_text(model, "a", "x", "1/2 <'&'>\r")
    assert b"<x>1/2 &lt;'&amp;'&gt;&#xd;</x>" in to_bytes(model)
    named = read_transformation(plain.replace(b"<info/>", b"<info><directory>&#47;</directory></info>"))
    edit.set_text(named, "a", "x", "1/2 <'&'>")
    assert b"<x>1&#47;2 &lt;&apos;&amp;&apos;&gt;</x>" in to_bytes(named)


def test_a_new_option_gets_a_line_of_its_own() -> None:
    model = read_transformation(ODD)
    edit.set_text(model, "b", "lookup/from", "x")
    new = (
        b"<type>Dummy</type>\r\n    <lookup>\r\n      <from>x</from>\r\n    </lookup>\r\n  </step>\r\n</transformation>"
    )
    assert to_bytes(model) == ODD.replace(b"<type>Dummy</type>\r\n  </step>\r\n</transformation>", new)


def test_a_clear_password_stays_where_nothing_changed_and_is_obscured_where_it_is_written() -> None:
    model = read_transformation(ODD)
    edit.set_text(model, "a", "y", "1")
    assert b"<password>clear</password>" in to_bytes(model)
    edit.set_text(model, "a", "password", "new secret")
    written = to_bytes(model)
    assert b"new secret" not in written and b"clear" not in written
    assert reveal(read_transformation(written).steps["a"].options.text("password")) == "new secret"
    edit.set_text(model, "a", "password", "${PWD}")
    assert read_transformation(to_bytes(model)).steps["a"].options.text("password") == "${PWD}"
    edit.replace_step(model, "a", element("step", [("name", "a"), ("type", "D"), ("proxy_password", "open")]))
    assert b"open" not in to_bytes(model)


def test_steps_and_hops_come_and_go() -> None:
    model = read_transformation(ODD)
    edit.add_step(model, new_step("c", "SortRows", [("fields", [("field", [("name", "k")])])], x=1, y=2))
    edit.add_hop(model, "b", "c", enabled=False)
    again = read_transformation(to_bytes(model))
    assert list(again.steps) == list(model.steps) == ["a", "b", "c"]
    assert again.hops == model.hops == [Hop("a", "b"), Hop("b", "c", enabled=False)]
    assert b"\r\n    <fields>\r\n      <field>\r\n        <name>k</name>\r\n" in to_bytes(model)
    edit.remove_hop(model, "b", "c")
    edit.remove_step(model, "c")
    assert to_bytes(model) == ODD
    edit.remove_step(model, "a")
    assert model.hops == [] and list(model.steps) == ["b"]
    assert read_transformation(to_bytes(model)).hops == []


def test_text_between_comments_of_a_new_step_stays() -> None:
    model = read_transformation(ODD)
    sql = "  <!-- why -->select 1<!-- end -->\n"
    new = etree.fromstring(f"<step><name>a</name><type>D</type><sql>{sql}</sql></step>")
    edit.replace_step(model, "a", new)
    assert f"<sql>{sql}</sql>".replace("\n", "\r\n").encode() in to_bytes(model)
    edit.set_text(model, "a", "sql", "x")
    assert b"<sql>x</sql>" in to_bytes(model)


def test_error_handling_goes_with_its_step() -> None:
    model = read_transformation(
        b"<transformation><info/><order/><step><name>a</name><type>D</type></step><step><name>b</name><type>D</type>"
        b"</step><step_error_handling><error><source_step>a</source_step><target_step>b</target_step>"
        b"<is_enabled>Y</is_enabled></error></step_error_handling></transformation>"
    )
    assert model.steps["a"].error is not None
    edit.remove_step(model, "b")
    assert model.steps["a"].error is None
    assert b"<error>" not in to_bytes(model)


def test_jobs() -> None:
    data = (
        b"<job>\n  <name>j</name>\n  <entries>\n    <entry>\n      <name>S</name>\n      <type>SPECIAL</type>\n"
        b"      <nr>0</nr>\n    </entry>\n  </entries>\n  <hops>\n  </hops>\n</job>\n"
    )
    job = read_job(data)
    edit.add_step(job, element("entry", [("name", "ok"), ("type", "SUCCESS"), ("nr", "1")]))
    edit.add_hop(job, "S", "ok", target_nr=1, evaluation=False)
    again = read_job(to_bytes(job))
    assert again.hops == [JobHop("S", "ok", target_nr=1, evaluation=False)]
    edit.set_text(job, "ok", "parallel", "Y", nr=1)
    assert job.entries[1].parallel
    edit.remove_step(job, "ok", nr=1)
    assert (len(job.entries), job.hops) == (1, [])


def test_files_keep_their_encoding() -> None:
    data = (
        "<?xml version='1.0' encoding='ISO-8859-1'?><transformation><info><name>é</name></info>"
        "<step><name>ü</name><type>D</type></step></transformation>"
    )
    model = read_transformation(data.encode("latin-1"))
    edit.set_text(model, "ü", "type", "ö €")
    written = to_bytes(model)
    assert written == data.replace("<type>D", "<type>ö &#8364;").encode("latin-1")
    assert read_transformation(written).steps["ü"].type == "ö €"


def test_prefixed_attributes_survive() -> None:
    data = (
        b'<transformation xmlns:q="urn:q"><info/><step q:k="1"><name>a</name><type xsi:t="2">D</type></step>'
        b"</transformation>"
    )
    model = read_transformation(data)
    edit.set_text(model, "a", "type", "E")
    assert to_bytes(model) == data.replace(b">D<", b">E<")
    model.steps["a"].options.element.set("new", "1")
    assert read_transformation(to_bytes(model)).steps["a"].options.element.get("{urn:q}k") == "1"


def test_what_edits_refuse() -> None:
    model = read_transformation(ODD)
    with pytest.raises(KettleError, match="no step 'x'"):
        edit.set_text(model, "x", "y", "z")
    with pytest.raises(KettleError, match="control character"):
        edit.set_text(model, "a", "new/y", "\0")
    with pytest.raises(KettleError, match="holds other elements"):
        edit.set_text(read_transformation(to_bytes(model).replace(b"<y/>", b"<y><z/></y>")), "a", "y", "1")
    with pytest.raises(KettleError, match="by its name"):
        edit.set_text(model, "a", "name", "z")
    with pytest.raises(KettleError, match="already"):
        edit.add_step(model, element("step", [("name", "A")]))
    with pytest.raises(KettleError, match="already"):
        edit.add_hop(model, "A", "B")
    with pytest.raises(KettleError, match="no hop"):
        edit.remove_hop(model, "b", "a")
    with pytest.raises(KettleError, match="another name"):
        edit.replace_step(model, "a", element("step", [("name", "b")]))
    assert to_bytes(model) == ODD


def test_write_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.ktr"
    path.write_bytes(ODD)
    path.chmod(0o600)
    model = read(path)
    edit.set_text(model, "b", "type", "SortRows")
    write(model, path)
    assert read_transformation(path).steps["b"].type == "SortRows"
    assert path.stat().st_mode & 0o777 == 0o600

    def full(_: int) -> None:
        raise OSError("disk full")

    written = path.read_bytes()
    edit.set_text(model, "b", "type", "Unique")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        write(model, path)
    assert path.read_bytes() == written and [p.name for p in tmp_path.iterdir()] == ["t.ktr"]


def _corpus() -> list[Path]:
    root = Path(os.environ.get("HEDDLE_BENCH_DATA", "/nonexistent")) / "kettle"
    return sorted(path for path in root.rglob("*") if path.suffix in (".ktr", ".kjb") and path.is_file())


@pytest.mark.skipif("HEDDLE_BENCH_DATA" not in os.environ, reason="needs the corpus")
def test_every_file_of_the_corpus_is_read_and_written_back() -> None:
    unreadable = []
    for path in _corpus():
        try:
            model = read(path)
        except FileFormatError:
            unreadable.append(path.name)
            continue
        assert to_bytes(model) == path.read_bytes(), path
        nodes = list(model.steps.values()) if hasattr(model, "steps") else model.entries
        if not nodes:
            continue
        node = nodes[len(nodes) // 2]
        span, source = model.document.spans[node.options.element], model.document.source
        edit.set_text(model, node.name, "description", 'changed "it" & é/ü\n', getattr(node, "nr", 0))
        written = to_bytes(model)
        assert written.startswith(source[: span.start]) and written.endswith(source[span.end :]), path
        again = read_job(written) if model.kind == "kjb" else read_transformation(written)
        assert etree.tostring(again.document.root) == etree.tostring(model.document.root), path
    assert unreadable == ["brokenjob.kjb"]  # its name says so


def test_a_copy_is_independent() -> None:
    model = read_transformation(ODD, base=Path("/x/t.ktr"))
    other = copied(model)
    edit.set_text(other, "a", "type", "SortRows")
    assert (model.steps["a"].type, other.steps["a"].type, other.path) == ("Dummy", "SortRows", model.path)
    assert to_bytes(model) == ODD
