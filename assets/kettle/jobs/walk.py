"""The walk through a job, as PDI 9.3 does it.

From START depth first along the hops in the file's order. An entry that two paths reach runs twice; loops are legal. A
hop is followed always, or when the entry's result fits it. The job's result is that of the entry that ended last. The
number of errors goes back to 0 before each entry. Entries "in parallel" start their next entries in threads; their
results are added up.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.registry import entry_class
from assets.kettle.jobs.run import Event, JobRun, copied, entry_key
from assets.kettle.model import Entry, JobHop

UNCONDITIONAL, SUCCESS, FAILURE = (
    "Followed unconditional link",
    "Followed link after success",
    "Followed link after failure",
)


class Walk:
    """One pass through a job. Raises KettleError before anything runs when an entry or hop cannot work."""

    def __init__(self, run: JobRun) -> None:
        self.run = run
        file = str(run.job.path or run.job.name)
        self.entries = {entry_key(e): e for e in run.job.entries}
        self.kinds = {key: entry_class(e.type, e.name, file) for key, e in self.entries.items()}
        self.hops: dict[tuple[str, int], list[JobHop]] = {}
        for hop in run.job.hops:
            for end in ((hop.source, hop.source_nr), (hop.target, hop.target_nr)):
                if end not in self.entries:
                    raise KettleError(f"{file}: a hop names the entry {end[0]!r}, which is not there", "remove the hop")
            if hop.enabled:
                self.hops.setdefault((hop.source, hop.source_nr), []).append(hop)
        starts = [e for e in run.job.entries if e.is_start]
        if not starts:
            raise KettleError(f"{file}: the job has no START entry", "add one")
        self.start = starts[0]

    def walk(self, previous: Result) -> Result:
        """Runs from START; the result of the entry that ended last."""
        return self._visit(self.start, previous, 0, "start")

    def _visit(self, entry: Entry, previous: Result, nr: int, reason: str) -> Result:
        # a loop over hops is as deep as it has rounds: this walks with a stack of its own, not Python's
        stack: list[_Visit] = [self._execute(entry, previous, nr, reason)]
        last = stack[-1].result
        while stack:
            visit = stack[-1]
            hop = None if self.run.stopped else next(visit.following, None)
            if hop is None:
                stack.pop()
                continue
            if visit.parallel:
                stack.pop()
                last = self._parallel(visit, [hop, *visit.following])
                continue
            following = self.entries[hop.target, hop.target_nr]
            if self.kinds[entry_key(following)].resets_errors:
                visit.result.errors = 0
            stack.append(self._execute(following, visit.result, visit.nr + 1, _reason(hop)))
            last = stack[-1].result
        return last

    def _parallel(self, visit: "_Visit", hops: list[JobHop]) -> Result:
        """All next entries at once; errors and results add up."""
        visit.result.errors = 0
        with ThreadPoolExecutor(max_workers=len(hops)) as pool:
            futures = [
                pool.submit(
                    self._visit, self.entries[h.target, h.target_nr], copied(visit.result), visit.nr + 1, _reason(h)
                )
                for h in hops
            ]
            results = [future.result() for future in futures]
        total = results[-1]
        total.errors = sum(r.errors for r in results)
        total.ok = all(r.ok for r in results) and not total.errors
        for result in results[:-1]:
            total.files += [f for f in result.files if f not in total.files]
        return total

    def _execute(self, entry: Entry, previous: Result, nr: int, reason: str) -> "_Visit":
        run = self.run
        run.log(run.job.name, f"Starting entry [{entry.name}]")
        handler: JobEntry = self.kinds[entry_key(entry)](entry, run)
        result = copied(previous)
        since = perf_counter()
        try:
            result = handler.execute(result, nr)
        except (KettleError, OSError) as error:
            run.log(entry.name, str(error), "ERROR")
            result.ok, result.errors = False, max(1, result.errors)
            result.log_text = str(error)
        run.log(run.job.name, f"Finished job entry [{entry.name}] (result=[{str(result.ok).lower()}])")
        run.tell(
            Event((*run.path, run.job.name), entry.name, reason, result.ok, result.errors, nr, perf_counter() - since)
        )
        hops = self.hops.get(entry_key(entry), [])
        fits = [h for h in hops if h.unconditional or (handler.evaluates and h.evaluation == result.ok)]
        return _Visit(result, nr, iter(fits), entry.parallel and len(fits) > 1)


class _Visit:
    """An entry that has run, and the hops that are still to be followed from it."""

    __slots__ = ("following", "nr", "parallel", "result")

    def __init__(self, result: Result, nr: int, following: Iterator[JobHop], parallel: bool) -> None:
        self.result = result
        self.nr = nr
        self.following = following
        self.parallel = parallel


def _reason(hop: JobHop) -> str:
    if hop.unconditional:
        return UNCONDITIONAL
    return SUCCESS if hop.evaluation else FAILURE
