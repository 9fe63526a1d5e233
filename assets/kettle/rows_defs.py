"""The I/O manager of rows between the ops of a transformation."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from core.errors import StoreError

if TYPE_CHECKING:
    from assets.kettle.handover import Sent

ROWS = "kettle_rows"  # resource name


class KettleRows(dg.IOManager):
    """Keeps what a step sent as Arrow files under the home, by run, graph and op, until the graph has succeeded.

    Attributes:
        hands_over: it gives back what it was given, so that a bundle of steps may pass it on in memory.
    """

    hands_over = True

    def __init__(self, base: Path) -> None:
        self.base = base

    def handle_output(self, context: dg.OutputContext, obj: "Sent") -> None:
        """Writes the rows."""
        from assets.kettle.handover import write

        write(obj, self._folder(context))

    def load_input(self, context: dg.InputContext) -> "Sent":
        """Reads what the step before wrote, in this run or in the one that is retried. Raises StoreError."""
        from assets.kettle.handover import read

        source = context.upstream_output
        assert source is not None
        try:
            return read(self._folder(source))
        except OSError as error:
            raise StoreError(
                f"the rows of step {source.step_key} are no longer there: {error}", "run the whole asset again"
            ) from None

    def _folder(self, context: dg.OutputContext) -> Path:
        return self.base.joinpath(context.run_id, *context.step_key.split("."))
