"""Entries that wait for a file, or ask whether files are in use."""

import fcntl
import time

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import chosen, named_files
from assets.kettle.jobs.places import Place

POLL = 0.05


class Waiting(JobEntry):
    """What entries share that try again until a time limit (seconds; 0 is none)."""

    def wait(self, cycle_default: int) -> bool:
        """Tries in cycles; False when the time was over before `ready` said so, or the job was stopped."""
        limit = max(0, self.integer("maximum_timeout"))
        cycle = self.integer("check_cycle_time", default=cycle_default)
        cycle = cycle if cycle >= 1 else cycle_default
        until = time.monotonic() + limit
        while not self.ready():
            left = until - time.monotonic() if limit else float(cycle)
            if self.run.stopped or left <= 0:
                return False
            self.sleep(min(cycle, left))
        return True

    def ready(self) -> bool:
        """Whether what is waited for has come."""
        raise NotImplementedError

    def sleep(self, seconds: float) -> None:
        """Waits in pieces so that a stopped job ends."""
        until = time.monotonic() + seconds
        while not self.run.stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(POLL, left))


class WaitForFile(Waiting):
    """Waits until a file is there, if wanted until it no longer grows from one cycle to the next."""

    types = ("WAIT_FOR_FILE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Waits."""
        self.place = Place(self.text("filename"))
        self.seen = -1
        if self.wait(60):
            if self.options.flag("add_filename_result"):
                self.add_file(result, self.place.text)
            return self.done(result)
        return self.done(result, self.options.flag("success_on_timeout") and not self.run.stopped)

    def ready(self) -> bool:
        """Whether the file is there and, if wanted, has the size of the last look."""
        if not self.place.exists():
            return False
        if not self.options.flag("file_size_check"):
            return True
        before, self.seen = self.seen, self.place.size()
        return before == self.seen


class CheckFilesLocked(JobEntry):
    """True when no other process has locked one of the files (advisory locks)."""

    types = ("CHECK_FILES_LOCKED",)

    def execute(self, result: Result, nr: int) -> Result:
        """Looks at each file."""
        locked = 0
        for path, mask in named_files(self, result):
            place = Place(path)
            if not place.exists():
                raise KettleError(f"entry {self.name!r}: {place.text} does not exist", "correct the file name")
            for found in chosen(place, mask, deep=self.options.flag("include_subfolders")):
                if _locked(found):
                    locked += 1
                    self.log(f"{found.text} is locked", "ERROR")
        return self.done(result, not locked)


def _locked(place: Place) -> bool:
    if place.local is None:
        raise KettleError(f"locks of {place.text} cannot be seen", "check local files only")
    with place.open() as stream:
        for lock in (fcntl.flock, fcntl.lockf):
            how = fcntl.LOCK_SH if lock is fcntl.lockf else fcntl.LOCK_EX
            try:
                lock(stream.fileno(), how | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            lock(stream.fileno(), fcntl.LOCK_UN)
    return False
