"""Entries that only direct the walk: START, DUMMY, SUCCESS, ABORT, Write to log, wait."""

import time

from assets.kettle.engine.result import Result
from assets.kettle.jobs.entry import JobEntry

UNITS = {"0": 1.0, "1": 60.0, "2": 3600.0}  # seconds, minutes, hours
POLL = 0.05


class Special(JobEntry):
    """START and DUMMY: pass the result on; START begins with success."""

    types = ("SPECIAL", "DUMMY")
    evaluates = False
    resets_errors = False

    def execute(self, result: Result, nr: int) -> Result:
        """START sets the result to true, DUMMY keeps what came."""
        return self.done(result, True, result.errors) if self.entry.is_start else result


class Success(JobEntry):
    """Sets the result to true."""

    types = ("SUCCESS",)

    def execute(self, result: Result, nr: int) -> Result:
        """True, no errors."""
        return self.done(result)


class Abort(JobEntry):
    """Ends the job with a failure."""

    types = ("ABORT",)

    def execute(self, result: Result, nr: int) -> Result:
        """False with one error; nothing runs after it."""
        self.log(self.text("message") or "aborted", "ERROR")
        self.run.stopped = True
        return self.done(result, False, 1)


class WriteToLog(JobEntry):
    """Writes a message to the log."""

    types = ("WRITE_TO_LOG",)

    def execute(self, result: Result, nr: int) -> Result:
        """Writes it under its subject."""
        level = self.options.text("loglevel", default="Basic")
        self.run.log(self.text("logsubject") or self.name, self.text("logmessage"), level)
        return self.done(result)


class MessageBox(JobEntry):
    """A message box has nobody to show itself to: the message goes to the log."""

    types = ("MSGBOX_INFO",)

    def execute(self, result: Result, nr: int) -> Result:
        """Success."""
        self.log(f"{self.text('titremessage')}: {self.text('bodymessage')}")
        return self.done(result)


class Delay(JobEntry):
    """Waits."""

    types = ("DELAY",)

    def execute(self, result: Result, nr: int) -> Result:
        """Waits for the time, in pieces so that a stopped job ends."""
        until = time.monotonic() + self.integer("maximumTimeout") * UNITS.get(self.text("scaletime", default="0"), 1.0)
        while not self.run.stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(POLL, left))
        return self.done(result)
