"""A source that cannot be planned is an error, also where it could take rows."""

from pathlib import Path

import pytest

from assets.kettle.errors import StepError
from assets.kettle.model import Connection
from tests.assets.kettle.flow import Flow


def test_a_query_of_a_table_that_is_not_there_stops_the_run(tmp_path: Path) -> None:
    flow = Flow().database(Connection("shop", "SQLITE", database=str(tmp_path / "shop.sqlite")))
    flow.step("Read", "TableInput", connection="shop", sql="select id from nowhere")
    flow.step("Out", "Dummy").hop("Read", "Out")
    with pytest.raises(StepError, match="'Read'"):
        flow.run()
