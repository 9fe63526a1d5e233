"""EVAL expressions of jobs."""

import polars as pl
import pytest

from assets.kettle.script.expression import Previous, evaluate
from assets.kettle.script.javascript import ScriptError
from assets.kettle.values.fields import Field, Layout


def test_numbers_and_result() -> None:
    """The previous entry's figures are variables and methods."""
    previous = Previous(result=False, numbers={"errors": 2, "nr": 3})
    assert evaluate("errors > 0 && nr == 3", {}, previous).truth
    assert evaluate("previous_result.getResult() == false && previous_result.getNrErrors() == 2", {}, previous).truth
    assert not evaluate("lines_rejected != 0", {}, previous).truth


def test_variables_of_the_job() -> None:
    """What the script sets is handed back, not applied."""
    found = evaluate('var n=parseInt(parent_job.getVariable("N"))+1; parent_job.setVariable("N",""+n); n<3', {"N": "2"})
    assert (found.truth, found.assigned) == (False, {"N": "3"})


def test_result_rows() -> None:
    """Rows have Java's getters."""
    previous = Previous(rows=pl.DataFrame({"name": ["Foo"]}), layout=Layout([Field("name")]))
    assert evaluate('var r = rows[0]; r.getString("name", "").equals("Foo")', {}, previous).value is True


def test_error_names_the_entry() -> None:
    """A failing expression is an error, not false."""
    with pytest.raises(ScriptError, match="entry 'check'"):
        evaluate("nothing.there", {}, entry="check")
