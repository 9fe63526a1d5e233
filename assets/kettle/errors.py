"""Errors of Kettle files and runs; each names the file, and where there is one the step and the field."""

from core.errors import HeddleError


class KettleError(HeddleError):
    """Base of everything that a Kettle file or its run can get wrong."""


class FileFormatError(KettleError):
    """The file is not a readable .ktr, .kjb, .hpl or .hwf."""


class UnsupportedStepError(KettleError):
    """The native engine has no such step or entry, or not with this option."""


class StepError(KettleError):
    """A step cannot start, or a row failed and no error hop takes it.

    Args:
        step: name of the step.
        what: what is wrong, with the field and value where there are such.
        fix: what to do.
        code: Kettle's error code for the error hop, such as `SELECT001`.
    """

    def __init__(self, step: str, what: str, fix: str = "", code: str = "") -> None:
        self.step = step
        self.code = code
        self.reason = what
        super().__init__(f"step {step!r}: {what}", fix)

    def __reduce__(self) -> tuple[type, tuple[str, ...]]:  # type: ignore[override]  # more arguments than the base
        return type(self), (self.step, self.reason, self.fix, self.code)
