"""The live table of a running transformation: rows and seconds per step, as Spoon's step metrics."""

from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live as Screen
from rich.table import Table
from rich.text import Text

from orchestration.cli.kettle import METRICS, metrics_of

if TYPE_CHECKING:
    import polars as pl

    from assets.kettle.engine.result import Counters


class Live:
    """An observer that draws. On a terminal the table moves; elsewhere it is printed once at the end."""

    def __init__(self, steps: list[str], preview: str | None, rows: int) -> None:
        self._steps = steps
        self._preview = preview
        self._rows = rows
        self._frames: list[pl.DataFrame] = []
        self._counters: dict[str, Counters] = {}
        self._done: set[str] = set()
        self._since = perf_counter()
        terminal = Console()
        # beside a terminal (a file, a pipe) nothing needs to be cut to a width
        self._console = terminal if terminal.is_terminal else Console(width=160)
        self._screen = Screen(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> "Live":
        if self._console.is_terminal:
            self._screen.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._screen.stop()
        if self._counters:
            self._console.print(self._table())

    def _table(self) -> Table:
        table = Table("step", *METRICS, "seconds", "rows/s", box=None)
        for name in self._steps:
            counters = self._counters.get(name)
            if counters is None:
                continue
            most = max(counters.read, counters.written, counters.input, counters.output)
            speed = f"{most / counters.seconds:,.0f}" if counters.seconds > 0.01 else ""
            style = "red" if counters.errors else "" if name in self._done else "yellow"
            figures = [f"{n:,}" if n else "0" for n in metrics_of(counters)]
            table.add_row(Text(name), *figures, f"{counters.seconds:.2f}", speed, style=style)
        table.caption = f"{perf_counter() - self._since:.2f} s"
        return table

    def emitted(self, step: str, frame: "pl.DataFrame", target: str | None) -> None:
        """Keeps the first rows of the previewed step."""
        if step == self._preview and sum(f.height for f in self._frames) < self._rows:
            self._frames.append(frame.head(self._rows))

    def rejected(self, step: str, frame: "pl.DataFrame") -> None:
        """Counted by the run itself."""

    def finished(self, step: str, counters: "Counters") -> None:
        """The step's line turns quiet."""
        self._done.add(step)

    def progress(self, steps: "dict[str, Counters]") -> None:
        """Draws the table anew."""
        self._counters = steps
        if self._console.is_terminal:
            self._screen.update(self._table(), refresh=True)

    def show_preview(self) -> None:
        """Prints the previewed rows."""
        if self._preview is None:
            return
        table = Table(title=Text(f"first rows of {self._preview}"), box=None)
        shown = 0
        for frame in self._frames:
            if not table.columns:
                for name in frame.columns:
                    table.add_column(Text(name))
            for row in _texts(frame.head(self._rows - shown)).iter_rows():
                table.add_row(*[Text(v or "") for v in row])
            shown += frame.height
        self._console.print(table)


def _texts(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Every value as text: Python has no dates after the year 9999, and bytes are no text."""
    import polars as pl

    return frame.select(
        pl.col(name).bin.encode("hex") if kind == pl.Binary else pl.col(name).cast(pl.String)
        for name, kind in frame.schema.items()
    )
