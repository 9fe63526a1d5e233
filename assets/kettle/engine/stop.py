"""How a step ends the run that it belongs to."""


class StopRun(Exception):  # not an error: a step asks the run to end
    """A step ends the run early. `errors` > 0 makes it a failure; `drain` lets rows on their way arrive."""

    def __init__(self, reason: str, *, errors: int = 0, drain: bool = False) -> None:
        super().__init__(reason)
        self.errors = errors
        self.drain = drain
