"""New files: Kettle's tag order, the same bytes each time, no clear password."""

import pytest

from assets.kettle.errors import KettleError
from assets.kettle.files import edit
from assets.kettle.files.new import element, new_connection, new_step, new_transformation
from assets.kettle.files.passwords import reveal
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import to_bytes
from assets.kettle.model import Connection, Hop, Parameter, Transformation


def _made() -> Transformation:
    model = new_transformation("new & <old>", [Parameter("DAY", "2024/01/31", "which day")])
    edit.add_connection(model, new_connection(Connection("dw", "MYSQL", host="h", port="3306", password="open")))
    edit.add_step(model, new_step("in", "TableInput", [("connection", "dw"), ("sql", "select 1\nfrom t")], x=1, y=2))
    edit.add_step(model, new_step("out", "Dummy", [], x=3, y=4, distribute=False))
    edit.add_hop(model, "in", "out")
    return model


def test_a_new_transformation_reads_as_it_was_made() -> None:
    model = read_transformation(to_bytes(_made()))
    assert model.name == "new & <old>"
    assert model.parameters == [Parameter("DAY", "2024/01/31", "which day")]
    assert [(s.name, s.type, s.distribute) for s in model.steps.values()] == [
        ("in", "TableInput", True),
        ("out", "Dummy", False),
    ]
    assert model.hops == [Hop("in", "out")]
    assert model.steps["in"].options.text("sql") == "select 1\nfrom t"
    assert reveal(model.connections["dw"].password) == "open"
    assert model.connections["dw"].attributes == {"PORT_NUMBER": "3306"}


def test_the_same_bytes_each_time_and_no_clear_password() -> None:
    written = to_bytes(_made())
    assert written == to_bytes(_made())
    assert b"open" not in written


def test_tags_stand_in_kettles_order() -> None:
    root = _made().document.root
    assert [child.tag for child in root] == [
        "info",
        "notepads",
        "connection",
        "order",
        "step",
        "step",
        "step_error_handling",
        "slave-step-copy-partition-distribution",
        "slave_transformation",
        "attributes",
    ]
    assert [child.tag for child in root.find("step")] == [
        "name",
        "type",
        "description",
        "distribute",
        "custom_distribution",
        "copies",
        "partitioning",
        "connection",
        "sql",
        "attributes",
        "cluster_schema",
        "remotesteps",
        "GUI",
    ]
    lines = to_bytes(_made()).decode().splitlines()
    assert "    <name>in</name>" in lines and "      <xloc>1</xloc>" in lines


def test_a_connection_name_is_used_once() -> None:
    with pytest.raises(KettleError, match="already"):
        edit.add_connection(_made(), new_connection(Connection("dw", "H2")))


def test_control_characters_are_refused() -> None:
    with pytest.raises(KettleError, match="<sql> gets a control character"):
        element("step", [("sql", "\x01")])
