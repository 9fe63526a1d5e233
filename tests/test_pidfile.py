"""One holder at a time, told by the kernel's lock."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from core.errors import EndpointError
from core.pidfile import hold, holder


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "run" / "x.pid"
    assert holder(path) is None
    with hold(path, EndpointError, "it runs", "stop it"):
        assert holder(path) == os.getpid()
        with (
            pytest.raises(EndpointError, match=rf"it runs \(pid {os.getpid()}\)"),
            hold(path, EndpointError, "it runs", ""),
        ):
            pass
    assert holder(path) is None


def test_somebody_who_only_looks_does_not_keep_a_server_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    path.touch()
    with path.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.05, fcntl.flock, (looking, fcntl.LOCK_UN)).start()
        with hold(path, EndpointError, "it runs", "stop it"):
            assert holder(path) == os.getpid()
