"""Entries that wait for a file, or ask whether files are in use or how many and large they are."""

import fcntl
import time
from decimal import Decimal, InvalidOperation

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import chosen, fits, padded, result_rows
from assets.kettle.jobs.places import Place

POLL = 0.05
SCALES = {"bytes": 1, "kbytes": 1 << 10, "mbytes": 1 << 20, "gbytes": 1 << 30}


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
        if self.options.flag("arg_from_previous"):
            wanted = [(row[0], padded(row, 2)[1]) for row in result_rows(result)]
        else:
            rows = self.options.rows("fields/field")
            wanted = [(self.resolve(o.text("name")), self.resolve(o.text("filemask"))) for o in rows]
        locked = 0
        for path, mask in wanted:
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


class FilesMetrics(JobEntry):
    """Compares the number or the total size of files with a value or two."""

    types = ("EVAL_FILES_METRICS",)

    def execute(self, result: Result, nr: int) -> Result:
        """Counts and compares; a path that is not there is an error but does not decide."""
        count = size = errors = 0
        for path, mask, deep in self._wanted(result):
            place = Place(path)
            if not place.exists():
                errors += 1
                self.log(f"{place.text} does not exist", "ERROR")
                continue
            for found in chosen(place, mask, deep=deep):
                count, size = count + 1, size + found.size()
        by_size = self.options.text("evaluation_type", default="size") == "size"
        scale = SCALES.get(self.options.text("scale", default="bytes"), 1) if by_size else 1
        return self.done(result, self._compare(Decimal(size if by_size else count), scale), errors)

    def _wanted(self, result: Result) -> list[tuple[str, str, bool]]:
        where = self.options.text("source_files", default="files")
        if where == "filenamesresult":
            mask = self.text("result_filenames_wildcard")
            return [(f.path, "", False) for f in result.files if fits(f.path.rsplit("/", 1)[-1], mask)]
        if where == "previousresult":
            names = result.rows.layout.names
            tags = ("Result_field_file", "Result_field_wildcard", "Result_field_includesubfolders")
            fields = [self.text(tag) for tag in tags]
            for name in (name for name in fields if name and result_rows(result)):
                if name not in names:
                    raise KettleError(f"entry {self.name!r}: the result rows have no field {name!r}", "correct it")
            found = []
            for row in result_rows(result):
                path, mask, deep = (row[names.index(name)] if name else "" for name in fields)
                found.append((self.resolve(path), self.resolve(mask), deep.upper() == "Y"))
            return found
        return [
            (self.resolve(o.text("source_filefolder")), self.resolve(o.text("wildcard")), o.flag("include_subFolders"))
            for o in self.options.rows("fields/field")
        ]

    def _number(self, tag: str, scale: int) -> Decimal:
        try:
            return Decimal(self.text(tag).strip()) * scale
        except InvalidOperation:
            raise KettleError(f"entry {self.name!r}: {tag} is {self.text(tag)!r}, not a number", "correct it") from None

    def _compare(self, value: Decimal, scale: int) -> bool:
        condition = self.options.text("successnumbercondition", default="greater")
        if condition == "between":
            return self._number("minvalue", scale) <= value <= self._number("maxvalue", scale)
        if condition not in COMPARISONS:
            raise KettleError(f"entry {self.name!r}: unknown condition {condition!r}", "choose a known one")
        return value.compare(self._number("comparevalue", scale)) in COMPARISONS[condition]


# the outcomes of a comparison (-1, 0, 1) that make a condition true
COMPARISONS = {
    "equal": (0,),
    "different": (-1, 1),
    "smaller": (-1,),
    "smallequal": (-1, 0),
    "smallerequal": (-1, 0),
    "greater": (1,),
    "greaterequal": (0, 1),
}
