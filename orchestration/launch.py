"""Becomes another program that is told to stop when its parent dies: `python launch.py PARENT_PID PROGRAM ARG…`.

The kernel's parent-death signal survives exec. Only the standard library: it is run with -I -S to be quick.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Ask for SIGTERM when the parent dies, then become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the request
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the supervisor's own table of commands


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
