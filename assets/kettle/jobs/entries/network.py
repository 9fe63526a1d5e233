"""Entries that reach other machines: ping, telnet, syslog."""

import re
import shutil
import socket

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.external.process import run_program
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import stamp

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
ECHO_PORT = 7
FACILITIES = ("KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON", "AUTHPRIV", "FTP",
              "NTP", "AUDIT", "ALERT", "CLOCK", *(f"LOCAL{n}" for n in range(8)))  # fmt: skip
PRIORITIES = ("EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")


def host_of(entry: JobEntry, tag: str) -> str:
    """A host's name or address. Raises KettleError for anything else."""
    host = entry.text(tag).strip()
    if not _HOST.fullmatch(host):
        raise KettleError(f"entry {entry.name!r}: {host!r} is no host name", "correct it")
    return host


def connects(host: str, port: int, seconds: float) -> str:
    """Opens a TCP connection and closes it; "" or what went wrong."""
    try:
        with socket.create_connection((host, port), seconds or None):
            return ""
    except OSError as error:
        return error.strerror or str(error)


class Ping(JobEntry):
    """True when a host answers: to the system's ping program, or (classic) on its echo port as Java asks.

    A refused connection is an answer, too.
    """

    types = ("PING",)

    def execute(self, result: Result, nr: int) -> Result:
        """Asks."""
        host, kind = host_of(self, "hostname"), self.options.text("pingtype", default="classicPing")
        asked = {"classicPing": (self._classic,), "systemPing": (self._system,)}
        ok = any(ask(host) for ask in asked.get(kind, (self._classic, self._system)))
        if not ok:
            self.log(f"{host} does not answer", "ERROR")
        return self.done(result, ok, 0 if ok else 1)

    def _classic(self, host: str) -> bool:
        trouble = connects(host, ECHO_PORT, self.integer("timeout", default=3000) / 1000)
        return trouble in ("", "Connection refused")

    def _system(self, host: str) -> bool:
        program = shutil.which("ping")
        if program is None:
            raise KettleError(f"entry {self.name!r}: there is no ping program", "choose the classic ping")
        packets = max(1, self.integer("nbr_packets", "nbrPackets", default=2))
        arguments = [program, "-c", str(packets), host]
        return run_program(arguments, self.log, timeout=packets + 30.0, stopped=lambda: self.run.stopped) == 0


class Telnet(JobEntry):
    """True when a port of a host takes connections."""

    types = ("TELNET",)

    def execute(self, result: Result, nr: int) -> Result:
        """Connects."""
        host, port = host_of(self, "hostname"), self.integer("port", default=23)
        trouble = connects(host, port, self.integer("timeout", default=3000) / 1000)
        if trouble:
            self.log(f"{host}:{port}: {trouble}", "ERROR")
        return self.done(result, not trouble, 1 if trouble else 0)


class Syslog(JobEntry):
    """Sends a message to a syslog server over UDP (RFC 3164)."""

    types = ("SYSLOG",)

    def execute(self, result: Result, nr: int) -> Result:
        """Sends it; nobody confirms it."""
        host, port = host_of(self, "servername"), self.integer("port", default=514)
        facility, priority = self.text("facility", default="USER"), self.text("priority", default="INFO")
        if facility.upper() not in FACILITIES or priority.upper() not in PRIORITIES:
            raise KettleError(f"entry {self.name!r}: unknown facility or priority {facility}/{priority}", "choose anew")
        code = FACILITIES.index(facility.upper()) * 8 + PRIORITIES.index(priority.upper())
        parts = []
        if self.options.flag("addTimestamp", default=True):
            parts.append(stamp(self.text("datePattern", default="MMM dd HH:mm:ss")))
        if self.options.flag("addHostName", default=True):
            parts.append(socket.gethostname())
        text = " ".join([*parts, self.text("message")])
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
                channel.sendto(f"<{code}>{text}".encode(), (host, port))
        except OSError as error:
            raise KettleError(f"entry {self.name!r}: {host}:{port}: {error}", "check the server") from error
        return self.done(result)
