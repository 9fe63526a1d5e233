"""One writer at a time: others wait, also for one that was killed, and nothing is left behind."""

import subprocess
import sys
import threading
from pathlib import Path

from core.locks import locked

HOLD = "import sys,time\nfrom pathlib import Path\nfrom core.locks import locked\n"
HOLD += "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"


def test_a_second_waits_and_a_killed_holder_lets_go(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    entered = threading.Event()

    def enter() -> None:
        with locked(folder):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.3)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    waiting.join(10)
    assert entered.is_set() and list(folder.iterdir()) == []
