"""The errors a user may meet. Each says what is wrong, where, and what to do about it."""

from typing import Any


class HeddleError(Exception):
    """Base of every error that is the user's to fix; the CLI prints it without a traceback and exits with 2.

    Args:
        what: what is wrong, naming the file, field or setting.
        fix: what to do about it, as an instruction.
    """

    def __init__(self, what: str, fix: str = "") -> None:
        self.what = what
        self.fix = fix
        super().__init__(f"{what}\n  Fix: {fix}" if fix else what)

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.what, self.fix)


class SettingsError(HeddleError):
    """A setting is unknown, missing or malformed."""


class SourceError(HeddleError):
    """A source file or table cannot be read, or is not what its definition says."""


class StoreError(HeddleError):
    """A store (warehouse, objects, tracking, vectors) refused or failed an operation."""


class ConflictError(StoreError):
    """Somebody else changed the same thing since it was read."""


class ModelError(HeddleError):
    """A model or its package is unusable."""


class EndpointError(HeddleError):
    """An endpoint is down, busy or answers wrongly."""


class DocumentError(HeddleError):
    """A document cannot be parsed."""


class LlmError(HeddleError):
    """The configured language model failed or answered nothing usable."""


class BiError(HeddleError):
    """The BI tool cannot be reached, or refused a data set."""


class NotifyError(HeddleError):
    """An alert could not be delivered now; it is tried again."""


class NotifyRefusedError(NotifyError):
    """The receiver refused this alert for what it says; trying again would not help."""


def told(error: Any) -> str:
    """The message of a step's error as Dagster recorded it: the user's error in its chain of causes, with file and
    fix; where there is none, the first cause.
    """
    if error is None:
        return ""
    ours = {kind.__name__ for kind in globals().values() if isinstance(kind, type) and issubclass(kind, HeddleError)}
    while error.cls_name not in ours and error.cause is not None:
        error = error.cause
    return str(error.message).strip()
