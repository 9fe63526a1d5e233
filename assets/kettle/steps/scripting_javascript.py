"""JavaScript steps."""

from collections.abc import Callable, Iterator, Mapping
from tempfile import gettempdir

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.engine.stop import StopRun
from assets.kettle.errors import StepError
from assets.kettle.files.variables import Variables
from assets.kettle.model import Options
from assets.kettle.script.declare import created, replaced
from assets.kettle.script.javascript import Batch, JavaScript, Output, ScriptError, Setup
from assets.kettle.script.javascript_flow import sources
from assets.kettle.values.fields import Layout, ValueType

ERROR_CODE = "SCR-001"
_REACH = {"p": 1, "g": 2}


class ScriptValueMod(Step):
    """Modified JavaScript: start, transform and end script over the rows, in both modes.

    In the modern mode fields are JavaScript objects and dates java.util.Date, so `===` with a literal is false, as in
    Kettle. A file without the `compatible` tag is older than the modern mode (Hop has only the modern one).
    A script's `var` keeps its value from row to row. trans_Status ABORT ends the run quietly, ERROR with a failure.
    """

    types = ("ScriptValueMod", "ScriptValue")

    def setup(self) -> None:
        """Reads the scripts and the declared results."""
        old = self.run.transformation.kind != "hpl" and self.node.type == "ScriptValueMod"
        self.compatible = self.options.flag("compatible", default=old or self.node.type == "ScriptValue")
        self.scripts: dict[str, str] = {}
        self.tabs: dict[str, str] = {}
        for tab in self.options.rows("jsScripts/jsScript"):
            kind, text = tab.text("jsScript_type", default="-1"), tab.text("jsScript_script")
            self.tabs[tab.text("jsScript_name")] = text
            self.scripts[kind] = text
        if not self.tabs:
            self.scripts["0"] = self.options.text("script")
        self.script: JavaScript | None = None

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input with the results appended, or put in the place of the field they replace."""
        self.before = layout = self.main(inputs)
        self.results: list[Output] = []
        for option in self.options.rows("fields/field"):
            name = option.text("name")
            if not name:
                raise StepError(self.name, "a result has no name", "name the script's variable")
            if option.flag("replace"):
                layout = self._replace(layout, option, name)
            else:
                layout = layout.plus(created(option, option.text("rename") or name, self.name))
                self.results.append(Output(name, layout.fields[-1]))
        return layout

    def _replace(self, layout: Layout, option: Options, name: str) -> Layout:
        """Kettle looks for the field under the variable's name, then under the new name."""
        found = self.before.get(name) or self.before.get(option.text("rename"))
        if found is None:
            raise StepError(
                self.name, f"the field {name!r} to replace is not in the input", "correct the result fields"
            )
        item = replaced(option, found, self.name)
        self.results.append(Output(name, item, self.before.index(found.name)))
        return layout.put(item)

    def start(self) -> None:
        """Compiles the scripts."""
        setup = Setup(
            step=self.name,
            transformation=self.run.transformation.name,
            scripts=self.scripts,
            tabs=self.tabs,
            inputs=self.before,
            layout=self.output,
            outputs=self.results,
            compatible=self.compatible,
            handling=self.node.error is not None and self.node.error.enabled,
            variables=_visible(self.run.variables),
            connections=self.run.transformation.connections,
        )
        for item in setup.outputs:
            if item.field.type in (ValueType.NONE, ValueType.SERIALIZABLE):
                raise StepError(self.name, f"the result {item.variable!r} has no type", "choose a type")
        try:
            self.script = JavaScript(setup)
        except ScriptError as error:
            raise StepError(self.name, _reason(error), "correct the script") from error

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Runs the script; rows that fail go to the error hop, or stop the run."""
        assert self.script is not None
        batch = self._guarded(lambda script: script.run(frame))
        self.emit(batch.frame)
        if batch.errors:
            positions = sorted(batch.errors)
            texts = pl.Series([batch.errors[i] for i in positions], dtype=pl.String())
            self.reject(frame[positions], texts, "", ERROR_CODE)
        self._tell(batch)
        if batch.stop == "error":
            raise StopRun(f"{self.name}: the script set trans_Status to ERROR_TRANSFORMATION", errors=1)
        if batch.stop:
            raise StopRun(f"{self.name}: the script set trans_Status to ABORT_TRANSFORMATION", drain=True)

    def produce(self) -> Iterator[pl.DataFrame]:
        """Runs the end script; it sends no rows."""
        self._tell(self._guarded(lambda script: script.finish()))
        return iter(())

    def close(self) -> None:
        """Frees the engine."""
        self.script = None

    def _guarded(self, call: Callable[[JavaScript], Batch]) -> Batch:
        assert self.script is not None
        try:
            return call(self.script)
        except ScriptError as error:
            raise StepError(self.name, _reason(error), "correct the script") from error

    def _tell(self, batch: Batch) -> None:
        """Log lines and variables of the scripts."""
        for text, level in batch.log:
            self.log(text, level)
        for name, value, scope in batch.assigned:
            assign(self.run.variables, name, value, scope)

    def derive(self) -> dict[str, Derivation]:
        """Each result comes from the fields that its variable is computed from."""
        words = sources(self.scripts.get("0", ""), [o.variable for o in self.results])
        source = next(iter(self.inputs), "")
        return {
            o.field.name: Derivation(
                tuple(Ref(f.name, source) for f in self.before if f.name in words[o.variable]),
                f"JavaScript variable {o.variable}",
            )
            for o in self.results
        }


def _reason(error: ScriptError) -> str:
    """The words of the error behind the step's name."""
    return str(error.args[0]).split(": ", 1)[-1].split("\n")[0]


def _visible(variables: Variables) -> dict[str, str]:
    """What getVariable sees: set variables, and the few properties of Java that scripts ask for."""
    return {"java.io.tmpdir": gettempdir(), "file.separator": "/", "line.separator": "\n", **variables.as_dict()}


def assign(variables: Variables, name: str, value: str, scope: str) -> None:
    """Sets a variable here and upwards: p the caller, g the caller's caller too, r and s all callers."""
    reach = _REACH.get(scope, 1_000)
    target: Variables | None = variables
    while target is not None and reach >= 0:
        target.set(name, value)
        target, reach = target.parent, reach - 1
