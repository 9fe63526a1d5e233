"""Errors of Kettle files and runs; each names the file, and where there is one the step and the field."""

import re

from core.errors import HeddleError

_URL_PASSWORD = re.compile(r"(\w://[^\s/:@]*:)[^\s/]+@")


def without_passwords(text: str) -> str:
    """The text with the passwords of the URLs in it as ***: `sftp://me:***@host/a.csv`."""
    return _URL_PASSWORD.sub(r"\1***@", text)


class KettleError(HeddleError):
    """Base of everything that a Kettle file or its run can get wrong. Passwords of URLs in the text are not shown."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(without_passwords(what), without_passwords(fix))


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
        file: the file of the step, once the run that holds it has named it; `reason` and `step` do not repeat it.
    """

    def __init__(self, step: str, what: str, fix: str = "", code: str = "", file: str = "") -> None:
        self.step = step
        self.code = code
        self.reason = without_passwords(what)
        self.file = file
        super().__init__(f"{file}: step {step!r}: {what}" if file else f"step {step!r}: {what}", fix)

    def name_file(self, file: str) -> None:
        """Puts the file before the message, unless one is named: the innermost file is the one to look at."""
        if not self.file:
            StepError.__init__(self, self.step, self.reason, self.fix, self.code, file)

    def __reduce__(self) -> tuple[type, tuple[str, ...]]:  # type: ignore[override]  # more arguments than the base
        return type(self), (self.step, self.reason, self.fix, self.code, self.file)
