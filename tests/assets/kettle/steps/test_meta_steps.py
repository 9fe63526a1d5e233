"""Metadata injection, single threader, job executor."""

from pathlib import Path

import pytest
from lxml import etree

from assets.kettle.errors import StepError
from assets.kettle.files.new import Settings
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import write
from assets.kettle.steps.meta_apply import Target, as_option
from assets.kettle.steps.meta_keys import path_of
from tests.assets.kettle.flow import Flow, grid

FOLDER = "${Internal.Entry.Current.Directory}"
PEOPLE = grid({"who": "String", "age": "Integer"}, [("Ann", 31), ("Bob", 17)])


def save(folder: Path, name: str, flow: Flow) -> Path:
    write(flow.model, folder / name)
    return folder / name


def mapping(step: str, key: str, source: str, field: str) -> tuple[str, Settings]:
    return (
        "mapping",
        [
            ("target_step_name", step),
            ("target_attribute_key", key),
            ("target_detail", "Y"),
            ("source_step", source),
            ("source_field", field),
        ],
    )


def inject(file: str, *mappings: tuple[str, Settings], **tags: str) -> Settings:
    return [
        ("specification_method", "filename"),
        ("filename", f"{FOLDER}/{file}"),
        *tags.items(),
        ("mappings", mappings),
    ]


def selecting_template(folder: Path) -> Path:
    flow = Flow().step("people", "DataGrid", PEOPLE).step("pick", "SelectValues", [("fields", "")])
    return save(folder, "template.ktr", flow.hop("people", "pick"))


def renaming() -> Settings:
    return grid({"from": "String", "to": "String"}, [("age", "years"), ("who", None)])


def test_rows_become_the_fields_of_the_template_and_its_rows_come_back(tmp_path: Path) -> None:
    selecting_template(tmp_path)
    options = inject(
        "template.ktr",
        mapping("pick", "FIELD_NAME", "names", "from"),
        mapping("pick", "FIELD_RENAME", "names", "to"),
        source_step="pick",
    )
    flow = Flow().step("names", "DataGrid", renaming()).step("fill", "MetaInject", options).step("end", "Dummy")
    done = flow.hop("names", "fill", "end").run(path=tmp_path / "parent.ktr")
    assert done.layouts["fill"] == ["years", "who"]
    assert done.rows("end") == [(31, "Ann"), (17, "Bob")]
    assert (done.counters["fill"].read, done.counters["fill"].written) == (0, 0)
    assert read_transformation(tmp_path / "template.ktr").steps["pick"].options.rows("fields/field") == []


def test_a_streamed_input_is_fed_to_a_step_that_is_no_injector(tmp_path: Path) -> None:
    save(tmp_path, "template.ktr", Flow().step("pick", "SelectValues", [("fields", "")]))
    options = inject(
        "template.ktr",
        mapping("pick", "FIELD_NAME", "names", "from"),
        source_step="pick",
        stream_source_step="people",
        stream_target_step="pick",
    )
    flow = Flow().step("names", "DataGrid", renaming()).step("people", "DataGrid", PEOPLE)
    flow.step("fill", "MetaInject", options).hop("names", "fill").hop("people", "fill")
    assert flow.run(path=tmp_path / "parent.ktr").rows("fill") == [(31, "Ann"), (17, "Bob")]


def test_a_constant_goes_into_every_row_and_the_filled_template_is_saved_without_a_run(tmp_path: Path) -> None:
    selecting_template(tmp_path)
    options = inject(
        "template.ktr",
        mapping("pick", "FIELD_LENGTH", "", "9"),
        mapping("pick", "FIELD_NAME", "names", "from"),
        mapping("pick", "NO_SUCH_KEY", "names", "from"),
        mapping("gone", "FIELD_NAME", "names", "from"),
        mapping("pick", "FIELD_RENAME", "names", "no such field"),
        target_file=f"{FOLDER}/filled.ktr",
        no_execution="Y",
    )
    flow = Flow().step("names", "DataGrid", renaming()).step("fill", "MetaInject", options).hop("names", "fill")
    done = flow.run(path=tmp_path / "parent.ktr")
    filled = read_transformation(tmp_path / "filled.ktr")
    fields = filled.steps["pick"].options.rows("fields/field")
    assert filled.name == "filled"
    assert [(o.text("name"), o.text("length"), o.text("rename")) for o in fields] == [
        ("age", "9", ""),
        ("who", "9", ""),
    ]
    told = [line for line in done.result.log_text.splitlines() if "nothing injected" in line]
    assert [word for word in ("NO_SUCH_KEY", "'gone'", "'no such field'") if not any(word in t for t in told)] == []


def test_declared_output_fields_count_where_running_ahead_would_have_effects(tmp_path: Path) -> None:
    selecting_template(tmp_path)
    described = [
        ("source_output_field", [("source_output_field_name", "years"), ("source_output_field_type", "Integer")]),
        ("source_output_field", [("source_output_field_name", "who"), ("source_output_field_type", "String")]),
    ]
    options = inject(
        "template.ktr",
        mapping("pick", "FIELD_NAME", "keep", "from"),
        mapping("pick", "FIELD_RENAME", "keep", "to"),
        source_step="pick",
    )
    flow = Flow().step("names", "DataGrid", renaming()).step("keep", "RowsToResult")
    flow.step("fill", "MetaInject", [*options, ("source_output_fields", described)]).hop("names", "keep", "fill")
    done = flow.run(path=tmp_path / "parent.ktr")
    assert done.rows("fill") == [(31, "Ann"), (17, "Bob")]
    assert done.result.rows.frame.height == 2


def test_a_template_or_step_that_is_not_there_is_told(tmp_path: Path) -> None:
    flow = Flow().step("names", "DataGrid", renaming()).step("fill", "MetaInject", inject("gone.ktr"))
    with pytest.raises(StepError, match=r"step 'fill': .*gone.ktr.* is not there"):
        flow.hop("names", "fill").run(path=tmp_path / "parent.ktr")
    selecting_template(tmp_path)
    flow = Flow().step("names", "DataGrid", renaming())
    flow.step("fill", "MetaInject", inject("template.ktr", source_step="elsewhere")).hop("names", "fill")
    with pytest.raises(StepError, match="has no used step 'elsewhere'"):
        flow.run(path=tmp_path / "parent.ktr")


def target(kind: str, xml: str) -> Target:
    return Target(etree.fromstring(f"<step><name>s</name><type>{kind}</type>{xml}</step>"), "ktr")


def texts(found: Target, path: str) -> list[str]:
    return [e.text or "" for e in found.element.findall(path)]


def test_rows_are_laid_over_what_the_template_has_and_empty_values_leave_it() -> None:
    found = target("SortRows", "<fields><field><name>a</name></field><field><name>b</name></field></fields>")
    found.put_rows("NAME", ["x", None])
    found.put_rows("SORT_ASCENDING", ["N"])
    assert texts(found, "fields/field/name") == ["x", "b"]
    assert texts(found, "fields/field/ascending") == ["N"]


def test_older_types_replace_their_list() -> None:
    template = "<fields><field><target_name>a</target_name></field><field><target_name>b</target_name></field></fields>"
    found = target("Denormaliser", template)
    found.put_rows("TARGET_NAME", ["x"])
    found.put_rows("TARGET_AGGREGATION", ["TYPE_AGGR_SUM"])
    assert texts(found, "fields/field/target_name") == ["x"]
    assert texts(found, "fields/field/target_aggregation_type") == ["SUM"]


def test_lists_of_plain_tags_and_conditions() -> None:
    found = target("TextFileInput", "<file><type>CSV</type></file>")
    found.put_rows("FILENAME", ["a.csv", "b.csv"])
    found.put_rows("FILE_TYPE", ["Fixed", "ignored"])
    assert (texts(found, "file/name"), texts(found, "file/type")) == (["a.csv", "b.csv"], ["Fixed"])
    found = target("FilterRows", "<compare><condition><leftvalue>a</leftvalue></condition></compare>")
    found.put_rows("CONDITION", ["<condition><leftvalue>b</leftvalue></condition>"])
    assert texts(found, "compare/condition/leftvalue") == ["b"]
    with pytest.raises(StepError, match="the condition injected into 's'"):
        found.put_rows("CONDITION", ["<condition>"])


def test_keys_are_looked_up_in_the_products_own_names_first() -> None:
    assert path_of("TextFileOutput", "FILENAME", "ktr") == "file/name"
    assert path_of("TableOutput", "STREAM_FIELDNAME", "ktr") == "fields/field[]/stream_name"
    assert path_of("Calculator", "field_a", "hpl") == "calculation[]/field_a"
    assert path_of("SortRows", "nothing", "ktr") is None
    assert [as_option(v) for v in (True, 3.0, 2.5, 7, None)] == ["Y", "3", "2.5", "7", None]


def single(**tags: str) -> Settings:
    parameters = [("pass_all_parameters", "Y"), ("parameter", [("name", "SIGN"), ("value", "${WHO}")])]
    return [
        ("specification_method", "filename"),
        ("filename", f"{FOLDER}/inner.ktr"),
        *tags.items(),
        ("parameters", parameters),
    ]


def marking(*between: tuple[str, str]) -> Flow:
    constant = [("fields", [("field", [("name", "mark"), ("type", "String"), ("variable", "${SIGN}")])])]
    fields = [("fields", [("field", [("name", "who")]), ("field", [("name", "age")])])]
    flow = Flow().step("into", "Injector", fields).step("add", "GetVariable", constant)
    for name, kind in between:
        flow.step(name, kind, [("fields", [("field", [("name", "age"), ("ascending", "Y")])])])
    return flow.hop("into", *(name for name, _ in between), "add")


def test_the_single_threader_gives_what_a_step_inside_emits(tmp_path: Path) -> None:
    save(tmp_path, "inner.ktr", marking())
    flow = Flow().step("people", "DataGrid", PEOPLE)
    flow.step("run", "SingleThreader", single(batch_size="1", inject_step="into", retrieve_step="add"))
    done = flow.hop("people", "run").run(path=tmp_path / "parent.ktr", variables={"WHO": "me"})
    assert done.rows("run") == [("Ann", 31, "me"), ("Bob", 17, "me")]


def test_the_single_threader_refuses_batches_where_a_sort_would_flush(tmp_path: Path) -> None:
    save(tmp_path, "inner.ktr", marking(("sort", "SortRows")))
    flow = Flow().step("people", "DataGrid", PEOPLE)
    flow.step("run", "SingleThreader", single(batch_size="1", inject_step="into", retrieve_step="add"))
    with pytest.raises(StepError, match="2 rows come in batches of 1, and 'sort' needs all its rows"):
        flow.hop("people", "run").run(path=tmp_path / "parent.ktr")


JOB = """<job><name>inner</name>
<parameters><parameter><name>SIGN</name><default_value>none</default_value></parameter></parameters><entries>
<entry><name>START</name><type>SPECIAL</type><start>Y</start></entry>
<entry><name>run</name><type>TRANS</type><specification_method>filename</specification_method>
<filename>${Internal.Entry.Current.Directory}/inner.ktr</filename></entry></entries>
<hops><hop><from>START</from><to>run</to><enabled>Y</enabled><evaluation>Y</evaluation><unconditional>Y</unconditional>
</hop></hops></job>"""


def job_executor(**tags: str) -> Settings:
    parameters = [
        ("variablemapping", [("variable", "SIGN"), ("field", "who"), ("input", "")]),
        ("inherit_all_vars", "Y"),
    ]
    columns = [("who", "String"), ("age", "Integer"), ("mark", "String")]
    fields = [("result_rows_field", [("name", name), ("type", kind)]) for name, kind in columns]
    return [("specification_method", "filename"), *tags.items(), ("parameters", parameters), *fields]


def test_the_job_executor_runs_the_job_per_group(tmp_path: Path) -> None:
    (tmp_path / "inner.kjb").write_text(JOB)
    constant = [("fields", [("field", [("name", "mark"), ("type", "String"), ("variable", "${SIGN}")])])]
    flow = Flow().step("got", "RowsFromResult").step("add", "GetVariable", constant).step("give", "RowsToResult")
    save(tmp_path, "inner.ktr", flow.hop("got", "add", "give"))
    flow = Flow().step("people", "DataGrid", PEOPLE)
    tags = {"filename": f"{FOLDER}/inner.kjb", "group_size": "1", "result_rows_target_step": "rows"}
    flow.step("run", "JobExecutor", job_executor(**tags)).step("rows", "Dummy").hop("people", "run", "rows")
    done = flow.run(path=tmp_path / "parent.ktr")
    assert done.rows("rows") == [("Ann", 31, "Ann"), ("Bob", 17, "Bob")]


def test_a_job_that_is_not_there_is_a_result_with_an_error(tmp_path: Path) -> None:
    tags = {"filename": f"{FOLDER}/gone.kjb", "execution_result_target_step": "told"}
    counts = {"execution_result_field": "ok", "execution_errors_field": "errors"}
    flow = Flow().step("people", "DataGrid", PEOPLE).step("told", "Dummy")
    flow.step("run", "JobExecutor", job_executor(**tags, **counts)).hop("people", "run", "told")
    assert flow.run(path=tmp_path / "parent.ktr").rows("told") == [(False, 1)]


def test_the_template_sees_a_variable_that_a_step_beside_sets_for_all(tmp_path: Path) -> None:
    constant = [("fields", [("field", [("name", "mark"), ("type", "String"), ("variable", "${SET_BESIDE}")])])]
    save(
        tmp_path,
        "template.ktr",
        Flow().step("one", "DataGrid", PEOPLE).step("add", "GetVariable", constant).hop("one", "add"),
    )
    variable = [
        ("field_name", "from"),
        ("variable_name", "SET_BESIDE"),
        ("variable_type", "JVM"),
        ("default_value", ""),
    ]
    flow = Flow().step("names", "DataGrid", grid({"from": "String"}, [("who",)]))
    flow.step("set", "SetVariable", [("fields", [("field", variable)])]).step("keep", "BlockingStep", pass_all_rows="Y")
    flow.step("fill", "MetaInject", inject("template.ktr", source_step="add")).hop("names", "set", "keep", "fill")
    assert flow.run(path=tmp_path / "parent.ktr").column("fill", "mark") == ["who", "who"]
