"""Keeps a table of services running: starts, watches, restarts with backoff, and stops them all."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

from core.address import Address
from core.errors import EndpointError

LAUNCH = Path(__file__).with_name("launch.py")
GUARDIAN = Path(__file__).with_name("guardian.py")
STOP_SECONDS = 15.0  # for a service to end after SIGTERM
HEALTH_SECONDS = (0.5, 5.0)  # between two looks at a service that is not well, and at one that is
GONE_SECONDS = 1.0  # between two looks whether a process that is not a child still exists
BACKOFF = (0.5, 30.0)  # seconds before the first restart, and at most
AFTER_SECONDS = 60.0  # a service starts after this time even if the one it waits for is not well
NO_ANSWER = "no answer"
STEADY_SECONDS = 60.0  # a service that ran this long starts again with the first backoff


class State(StrEnum):
    """Where a service is."""

    WAITING = "waiting"
    STARTING = "starting"
    HEALTHY = "healthy"
    SICK = "not well"
    CRASHED = "crashed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Service:
    """One program to keep running.

    `problem` is asked every few seconds in a thread; it says in words what is wrong, NO_ANSWER, or "" for nothing.
    `running` tells the pid of an instance that somebody else started, which is then watched instead of starting
    another. `after` names the service that has to be well before this one starts.
    """

    name: str
    command: Sequence[str]
    shown: str  # where a person finds it
    problem: Callable[[], str]
    listens: Address | None = None
    running: Callable[[], int | None] = lambda: None
    environment: Mapping[str, str] = field(default_factory=dict)
    after: str = ""


@dataclass
class Status:
    """What a service is doing now."""

    service: Service
    state: State = State.WAITING
    pid: int | None = None
    ours: bool = True
    restarts: int = 0
    since: float = 0.0
    note: str = ""

    def memory(self) -> int:
        """Resident bytes of the service and its children."""
        if self.pid is None:
            return 0
        try:
            process = psutil.Process(self.pid)
            family = [process, *process.children(recursive=True)]
            return sum(p.memory_info().rss for p in family)
        except psutil.Error:  # it ended while we looked
            return 0


class Supervisor:
    """Runs services until told to stop.

    Args:
        logs: folder of one log file per service.
        changed: called after every change of state.
    """

    def __init__(
        self, services: Sequence[Service], environment: Mapping[str, str], logs: Path, changed: Callable[[Status], None]
    ) -> None:
        self.statuses = [Status(service) for service in services]
        self.environment = environment
        self.logs = logs
        self.changed = changed
        self._stopping = asyncio.Event()
        self._guardian: asyncio.subprocess.Process | None = None

    def check_ports(self) -> None:
        """See that every port is free.

        Raises:
            EndpointError: naming the first that is not, and the setting that changes it.
        """
        for status in self.statuses:
            service = status.service
            if service.listens is None or service.running() is not None:
                continue
            reason = service.listens.held()
            if reason is not None:
                raise EndpointError(f"{service.name} cannot start: {reason}", service.listens.advice)

    async def run(self) -> None:
        """Start everything and return when `stop` was called and all children have ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop)
        self.logs.mkdir(parents=True, exist_ok=True)
        self._guardian = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(GUARDIAN)), stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        keepers = [loop.create_task(self._keep(status)) for status in self.statuses]
        try:
            await asyncio.gather(*keepers)
        finally:  # a fault of our own must leave no child either
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            if self._guardian.stdin is not None:
                self._guardian.stdin.close()  # the end of its pipe ends it
            await self._guardian.wait()

    def stop(self) -> None:
        """Ask all to end."""
        self._stopping.set()

    async def _keep(self, status: Status) -> None:
        backoff = BACKOFF[0]
        await self._wait_for(status.service.after)
        while not self._stopping.is_set():
            started = time.monotonic()
            await self._one_life(status)
            if self._stopping.is_set():
                break
            backoff = BACKOFF[0] if time.monotonic() - started > STEADY_SECONDS else backoff
            self._set(status, State.CRASHED, f"{status.note}; starts again in {backoff:g} s; see {self._log(status)}")
            status.restarts += 1
            await self._pause(backoff)
            backoff = min(backoff * 2, BACKOFF[1])
        self._set(status, State.STOPPED, "" if status.ours else "goes on: it was running before")

    async def _one_life(self, status: Status) -> None:
        """Start the service, or watch the one that runs already, until it ends or all stop."""
        pid = await asyncio.to_thread(status.service.running)
        status.ours = pid is None
        process = await self._start(status.service) if pid is None else None
        status.pid = pid if process is None else process.pid
        if process is not None:
            self._guard(process.pid)
        status.since = time.monotonic()
        self._set(status, State.STARTING)
        ended = asyncio.create_task(process.wait() if process else self._until_gone(status.pid or 0))
        asked = asyncio.create_task(self._stopping.wait())
        looks = asyncio.create_task(self._watch(status))
        try:
            await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
            status.note = f"ended with {ended.result()}" if ended.done() else ""
        finally:
            for task in (looks, asked):
                task.cancel()
            if process is not None:
                await _end(process)
                self._guard(-process.pid)
            ended.cancel()
            status.pid = None

    async def _start(self, service: Service) -> asyncio.subprocess.Process:
        with self._log_of(service).open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid())),
                *service.command,
                env=dict(self.environment) | dict(service.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a group of its own: Ctrl-C reaches only us, and we end the whole group
            )

    def _guard(self, group: int) -> None:
        """Put a process group under the guardian, or with a minus sign release it."""
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.write(f"{group}\n".encode())

    async def _watch(self, status: Status) -> None:
        while True:
            problem = await asyncio.to_thread(status.service.problem)
            if not problem:
                self._set(status, State.HEALTHY)
            elif status.state is State.HEALTHY or problem not in (NO_ANSWER, status.note):
                self._set(status, State.SICK, problem)
            await asyncio.sleep(HEALTH_SECONDS[not problem])

    async def _wait_for(self, name: str) -> None:
        deadline = time.monotonic() + AFTER_SECONDS
        others = [s for s in self.statuses if s.service.name == name]
        while any(s.state is not State.HEALTHY for s in others) and time.monotonic() < deadline:
            await self._pause(HEALTH_SECONDS[0])
            if self._stopping.is_set():
                return

    async def _until_gone(self, pid: int) -> str:
        while psutil.pid_exists(pid):
            await asyncio.sleep(GONE_SECONDS)
        return "the one that ran before"

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _set(self, status: Status, state: State, note: str | None = None) -> None:
        if status.state is state and note is None:
            return
        status.state = state
        status.note = note or ""
        self.changed(status)

    def _log(self, status: Status) -> Path:
        return self._log_of(status.service)

    def _log_of(self, service: Service) -> Path:
        return self.logs / f"{service.name.replace(' ', '-')}.log"


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a child and everything in its process group: SIGTERM, then SIGKILL for what is left."""
    if process.returncode is None:
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
    _signal(process.pid, signal.SIGKILL)
    await process.wait()


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
