"""Entries that decide: JavaScript, a comparison, setting variables."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.files.variables import Variables, read_properties
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.script.expression import Previous, evaluate
from assets.kettle.text.java_regex import matches_text
from assets.kettle.values.convert import to_text

COUNTED = ("input", "output", "updated", "rejected", "read", "written")


class Evaluate(JobEntry):
    """JavaScript whose value is the result; it sees the figures, rows and files of the result before it."""

    types = ("EVAL",)

    def execute(self, result: Result, nr: int) -> Result:
        """True when the script's value is true."""
        lines = result.lines
        numbers = {f"lines_{name}": getattr(lines, name) for name in COUNTED}
        numbers |= {"errors": result.errors, "nr": result.nr, "exit_status": result.exit_status}
        rows = result.rows
        previous = Previous(
            result.ok,
            numbers,
            rows.frame,
            rows.layout,
            tuple(f.path for f in result.files),
            result.log_text,
            result.stopped,
        )
        found = evaluate(
            self.options.text("script"),
            self.run.variables.as_dict(),
            previous,
            job=self.run.job.name,
            entry=self.name,
        )
        for name, value in found.assigned.items():
            self.run.variables.set(name, value)
        for level, text in found.log:
            self.log(text, level)
        return self.done(result, found.truth)


def _number(text: str, entry: str) -> Decimal:
    try:
        return Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        raise KettleError(f"entry {entry!r}: {text!r} is not a number", "compare as text, or correct it") from None


TEXTS: dict[str, Callable[[str, str], bool]] = {
    "equal": lambda a, b: a == b,
    "different": lambda a, b: a != b,
    "contains": lambda a, b: b in a,
    "notcontains": lambda a, b: b not in a,
    "startswith": lambda a, b: a.startswith(b),
    "notstartwith": lambda a, b: not a.startswith(b),
    "endswith": lambda a, b: a.endswith(b),
    "notendwith": lambda a, b: not a.endswith(b),
    "regexp": lambda a, b: matches_text(a, b),
    "inlist": lambda a, b: a in b.split(","),
    "notinlist": lambda a, b: a not in b.split(","),
}
NUMBERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "equal": lambda a, b: a == b,
    "different": lambda a, b: a != b,
    "smaller": lambda a, b: a < b,
    "smallequal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greaterequal": lambda a, b: a >= b,
}


class SimpleEvaluation(JobEntry):
    """Compares a variable, or a field of the first result row, with a value. An undefined variable is ''."""

    types = ("SIMPLE_EVAL",)

    def execute(self, result: Result, nr: int) -> Result:
        """True when the comparison holds."""
        if self.options.flag("successwhenvarset"):
            name = self.options.text("variablename").strip().removeprefix("${").removesuffix("}")
            return self.done(result, self.run.variables.get(name) is not None)
        value = self._value(result)
        kind = self.options.text("fieldtype", default="string")
        if kind == "number":
            ok = self._numbers(value)
        elif kind == "boolean":
            wanted = self.options.text("successbooleancondition", default="false") == "true"
            ok = (value.strip().lower() in ("true", "y", "yes", "1")) == wanted
        else:
            ok = self._texts(value)
        return self.done(result, ok)

    def _value(self, result: Result) -> str:
        if self.options.text("valuetype") == "field":
            item = result.rows.layout.get(self.text("fieldname"))
            if item is None:
                raise KettleError(
                    f"entry {self.name!r}: the result rows have no field {self.text('fieldname')!r}",
                    "copy such rows to the result before, or correct the name",
                )
            return (to_text(result.rows.frame[item.name], item)[0] or "") if result.rows.frame.height else ""
        name = self.options.text("variablename")
        value = self.resolve(name if "${" in name or "%%" in name else f"${{{name}}}")
        return "" if value.startswith("${") and value.endswith("}") else value

    def _texts(self, value: str) -> bool:
        condition = self.options.text("successcondition", default="equal")
        compare = self.text("comparevalue")
        if condition not in TEXTS:
            raise KettleError(f"entry {self.name!r}: unknown condition {condition!r}", "choose a known one")
        return TEXTS[condition](value, compare)

    def _numbers(self, value: str) -> bool:
        condition = self.options.text("successnumbercondition", default="equal")
        number = _number(value, self.name)
        if condition == "between":
            low, high = (_number(self.text(tag), self.name) for tag in ("minvalue", "maxvalue"))
            return low <= number <= high
        if condition in ("inlist", "notinlist"):
            found = number in [_number(part, self.name) for part in self.text("comparevalue").split(",")]
            return found == (condition == "inlist")
        if condition not in NUMBERS:
            raise KettleError(f"entry {self.name!r}: unknown condition {condition!r}", "choose a known one")
        return NUMBERS[condition](number, _number(self.text("comparevalue"), self.name))


class SetVariables(JobEntry):
    """Sets variables from a list or a properties file, here or further out."""

    types = ("SET_VARIABLES",)

    def execute(self, result: Result, nr: int) -> Result:
        """Sets them all."""
        replace = self.options.flag("replacevars")
        file = self.text("filename")
        if file:
            scope = self.options.text("file_variable_type", default="CURRENT_JOB")
            path = Path(file.removeprefix("file://"))
            if not path.is_file():
                raise KettleError(f"entry {self.name!r}: {path} does not exist", "correct the file name")
            self._set(read_properties(path), scope, replace)
        for option in self.options.rows("fields/field"):
            scope = option.text("variable_type", default="CURRENT_JOB")
            self._set({option.text("variable_name"): option.text("variable_value")}, scope, replace)
        return self.done(result)

    def _set(self, values: Mapping[str, str], scope: str, replace: bool) -> None:
        for name, text in values.items():
            value = self.resolve(text) if replace else text
            for space in self._spaces(scope):
                space.set(self.resolve(name), value)

    def _spaces(self, scope: str) -> list[Variables]:
        """From here outwards as far as the scope goes."""
        spaces = [self.run.variables]
        if scope.startswith("CURRENT"):
            return spaces
        outer = self.run.variables.parent
        while outer is not None:
            spaces.append(outer)
            if scope.startswith("PARENT"):
                break
            outer = outer.parent
        return spaces
