"""Runs a file on the engine that the setting HEDDLE_KETTLE names."""

from urllib.parse import urlsplit

from assets.kettle.external import carte, hop_run, pan
from assets.kettle.external.programs import Runner
from assets.kettle.external.request import ExternalError, Outcome, Request

NATIVE = "native"
ENGINES: dict[str, Runner] = {"pan": pan.run, "carte": carte.run, "hop-run": hop_run.run}
KETTLE, HOP = (".ktr", ".kjb"), (".hpl", ".hwf")
TAKES = {"pan": KETTLE, "carte": KETTLE, "hop-run": HOP}


def is_external(url: str) -> bool:
    """Whether the setting names a real engine."""
    return url != NATIVE


def run_external(url: str, request: Request) -> Outcome:
    """Runs a file and waits for its end.

    Args:
        url: `pan:///opt/pdi`, `carte://user@host:port` or `hop-run:///opt/hop?project=…`.

    Raises:
        KettleError: the engine cannot run it, or the run was stopped or took too long. A run that failed by itself is
            told by the outcome.
    """
    scheme = urlsplit(url).scheme
    if scheme not in ENGINES:
        raise ExternalError(f"HEDDLE_KETTLE: {scheme or 'it'} is no engine", f"use one of {', '.join(ENGINES)}")
    if request.path.suffix.lower() not in TAKES[scheme]:
        raise ExternalError(f"{scheme} does not run {request.path.name}", f"it takes {', '.join(TAKES[scheme])}")
    return ENGINES[scheme](url, request)
