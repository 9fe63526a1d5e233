"""Running another transformation inside a step: rows fed in at one of its steps, rows taken from another."""

import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.run import Quiet
from assets.kettle.engine.runtime import Engine
from assets.kettle.errors import StepError
from assets.kettle.files.edit import add_hop, add_step
from assets.kettle.files.new import new_step
from assets.kettle.model import Transformation
from assets.kettle.steps.registry import step_class
from assets.kettle.steps.results import Injector
from assets.kettle.values.fields import Layout

FEED = "rows from outside"  # name of the step that is added before one that is no injector


class Emitted(Quiet):
    """Keeps what one step of the inner transformation emits."""

    def __init__(self, step: str, buffer: Buffer) -> None:
        self.step = step
        self.buffer = buffer

    def emitted(self, step: str, frame: pl.DataFrame, target: str | None) -> None:
        """Keeps the rows of that step; its own targets get them too."""
        if step.lower() == self.step.lower() and frame.columns == self.buffer.layout.names:
            self.buffer.append(frame)


def feed_at(caller: str, model: Transformation, step: str) -> str:
    """The name of the step that rows are fed at so that they reach `step`: itself when it is an injector.

    Else an injector with a hop to it is added to the model. Raises StepError when there is no such step.
    """
    target = next((n for n in model.steps if n.lower() == step.lower()), None)
    if target is None:
        raise StepError(caller, f"{model.name} has no step {step!r}", f"there are: {', '.join(model.steps)}")
    if issubclass(step_class(model.steps[target].type, target), Injector):
        return target
    if FEED not in model.steps:
        element = new_step(FEED, "Injector", [("fields", "")], x=0, y=0)
        element.tag = "transform" if model.kind == "hpl" else "step"
        add_step(model, element)
        add_hop(model, FEED, target)
    return FEED


def output_of(caller: str, engine: Engine, step: str) -> Layout:
    """The layout that leaves a step of a planned engine. Raises StepError when it does not run."""
    found = next((node for name, node in engine.nodes.items() if name.lower() == step.lower()), None)
    if found is None:
        what = f"{engine.run.transformation.name} has no used step {step!r}"
        raise StepError(caller, what, f"there are: {', '.join(engine.nodes)}")
    return found.step.output
