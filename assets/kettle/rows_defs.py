"""The I/O manager of rows between the ops of a transformation."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from core.errors import StoreError

if TYPE_CHECKING:
    from assets.kettle.handover import Sent, Stretch

ROWS = "kettle_rows"  # resource name
STORED = "stored_bytes"  # metadata: what an op wrote for the ops after it


class KettleRows(dg.IOManager):
    """Keeps what steps sent as Arrow files under the home, by run and graph, until the graph has succeeded.

    Steps that ran together are written once, with the first of them; for each op there is a file that names them.

    Attributes:
        hands_over: it gives back what it was given, so that a bundle of steps may pass it on in memory.
    """

    hands_over = True

    def __init__(self, base: Path) -> None:
        self.base = base
        self._last: Stretch | None = None  # its rows are on disk; the next op nearly always asks for it

    def handle_output(self, context: dg.OutputContext, obj: "Sent") -> None:
        """Writes the rows."""
        context.add_output_metadata({STORED: obj.stretch.store()})
        self._last = obj.stretch
        path = self._path(context)
        path.parent.mkdir(parents=True, exist_ok=True)
        told = {"step": obj.step, "folder": obj.stretch.folder.relative_to(self.base).as_posix()}
        building = path.with_suffix(".part")
        building.write_text(json.dumps(told), encoding="utf-8")
        building.replace(path)

    def load_input(self, context: dg.InputContext) -> "Sent":
        """Reads what the step before wrote, in this run or in the one that is retried. Raises StoreError."""
        from assets.kettle.handover import Sent, read

        source = context.upstream_output
        assert source is not None
        try:
            told = json.loads(self._path(source).read_text(encoding="utf-8"))
            folder = self.base / told["folder"]
            if self._last is None or self._last.folder != folder:
                self._last = read(folder)
        except OSError as error:
            raise StoreError(
                f"the rows of step {source.step_key} are no longer there: {error}", "run the whole asset again"
            ) from None
        return Sent(told["step"], self._last)

    def _path(self, context: dg.OutputContext) -> Path:
        *graph, op = context.step_key.split(".")
        return self.base.joinpath(context.run_id, *graph, f"{op}.json")
