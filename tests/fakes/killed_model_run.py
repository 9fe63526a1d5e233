"""The model's run in a process that kills itself (SIGKILL) when a given method is called.

Usage: python -m tests.fakes.killed_model_run MODULE:CLASS.METHOD[@ARGUMENT]
With ARGUMENT, only a call that has it among its arguments kills.
"""

import os
import signal
import sys
from importlib import import_module
from typing import Any

from core.settings import load
from tests.fakes import model_run


def main(target: str) -> None:
    path, _, wanted = target.partition("@")
    module, _, name = path.partition(":")
    owner_name, method = name.split(".")
    owner = getattr(import_module(module), owner_name)
    original = getattr(owner, method)

    def call(*arguments: Any, **named: Any) -> Any:
        if not wanted or wanted in arguments:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(owner, method, call)
    model_run.run(load())


if __name__ == "__main__":
    main(sys.argv[1])
