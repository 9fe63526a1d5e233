"""Some rows that leave a step of a transformation, to see what its fields hold; nothing is written or kept."""

from collections.abc import Mapping

import polars as pl

from assets.kettle.describe import describe_transformation
from assets.kettle.engine.run import EngineSettings, Quiet
from assets.kettle.engine.start import prepare
from assets.kettle.errors import KettleError
from assets.kettle.files.edit import remove_step
from assets.kettle.files.write import copied
from assets.kettle.model import Transformation

ROWS = 20_000


class _Enough(Exception):  # not an error: what is needed is there, and the run is to be rolled back
    """Ends the run."""


class _Taker(Quiet):
    def __init__(self, step: str, rows: int) -> None:
        self.step, self.rows = step, rows
        self.frames: list[pl.DataFrame] = []

    def emitted(self, step: str, frame: pl.DataFrame, target: str | None) -> None:
        """Keeps what leaves the step."""
        if step == self.step:
            self.frames.append(frame)
            self.rows -= len(frame)
            if self.rows <= 0:
                raise _Enough


def rows_of(
    model: Transformation,
    step: str,
    *,
    settings: EngineSettings | None = None,
    parameters: Mapping[str, str] | None = None,
    rows: int = ROWS,
) -> pl.DataFrame:
    """The first rows that leave a step; only it and the steps before it run, and the run is rolled back.

    Raises:
        KettleError: a step before it writes somewhere, or fails; rows of a file are given then.
    """
    part = before(model, step)
    outputs = describe_transformation(part, part.name, settings=settings).outputs
    if outputs:
        what = f"{model.name}: step {outputs[0].place.step!r} before {step!r} writes"
        raise KettleError(what, "give rows in a file with --rows instead")
    taker = _Taker(step, rows)
    try:
        with prepare(part, settings=settings, parameters=parameters, observer=taker) as engine:
            engine.execute()
            raise _Enough
    except _Enough:
        pass
    except Exception as error:  # its message may quote a value
        if not taker.frames:
            what = f"{model.name}: the steps before {step!r} cannot run here ({type(error).__name__})"
            raise KettleError(what, "give rows in a file with --rows instead") from None
    return pl.concat(taker.frames).head(rows) if taker.frames else pl.DataFrame()


def before(model: Transformation, step: str) -> Transformation:
    """A copy with the step and all steps from which rows come to it. Raises KettleError for an unknown step."""
    if step not in model.steps:
        raise KettleError(f"{model.name}: there is no step {step!r}", f"there are: {', '.join(model.steps)}")
    wanted, waiting = {step}, [step]
    while waiting:
        at = waiting.pop()
        new = {hop.source for hop in model.hops if hop.target == at and hop.enabled} - wanted
        wanted |= new
        waiting += new
    part = copied(model)
    for name in [name for name in part.steps if name not in wanted]:
        remove_step(part, name)
    return part
