"""Real servers for tests, each started on a Unix socket under a folder of its own and gone at the end."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PATH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"
_PATIENCE = 60.0  # seconds
_SMALL = ["--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"]


def program(name: str) -> str:
    """Its path; skips the test where it is not installed."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        pytest.skip(f"{name} is not installed (requirements/system.sh)")
    return found


@contextmanager
def mariadb() -> Iterator[Callable[[str], str]]:
    """A MariaDB server: database name -> SQLAlchemy URL."""
    server, install = program("mariadbd"), program("mariadb-install-db")
    with _folder("mariadb") as folder:
        user = "root" if os.geteuid() == 0 else os.environ.get("USER", "")
        common = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={user}", *_SMALL]
        make = [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(make, check=True, capture_output=True)
        socket = folder / "socket"
        with _running([server, *common, f"--socket={socket}", "--skip-networking"], folder, socket):
            yield lambda name: f"mysql+pymysql://root@localhost/{name}?unix_socket={socket}&charset=utf8mb4"


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server that keeps nothing on disk; its URL."""
    server = program("redis-server")
    with _folder("redis") as folder:
        socket = folder / "socket"
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
        with _running([server, *options, "--dir", str(folder)], folder, socket):
            yield f"unix://{socket}"


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    # not under pytest's folder: the path of a socket may have 107 bytes only
    folder = Path(tempfile.mkdtemp(prefix=f"heddle-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: list[str], folder: Path, socket: Path) -> Iterator[None]:
    log = folder / "log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            deadline = time.monotonic() + _PATIENCE
            while not socket.exists():
                assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait(_PATIENCE)
