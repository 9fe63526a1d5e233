"""Ends what a killed supervisor leaves behind. Reads lines `GROUP` and `-GROUP`; at their end, ends every group left.

The parent-death signal reaches a service, not the service's own children; this reaches those. Standard library only.
"""

import os
import signal
import sys
import time

PATIENCE_SECONDS = 10.0  # between SIGTERM and SIGKILL


def main() -> None:
    """Follow the supervisor until its end of the pipe closes, which the kernel does however it dies."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line)
        if group > 0:
            groups.add(group)
        else:
            groups.discard(-group)
    deadline = time.monotonic() + PATIENCE_SECONDS
    groups = {group for group in groups if tell(group, signal.SIGTERM)}
    while groups and time.monotonic() < deadline:
        time.sleep(0.1)
        groups = {group for group in groups if tell(group, 0)}
    for group in groups:
        tell(group, signal.SIGKILL)


def tell(group: int, number: int) -> bool:
    """Send a signal to a process group; False when it has no process any more."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
