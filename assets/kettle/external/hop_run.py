"""Apache Hop on this machine: hop-run.sh runs pipelines and workflows."""

from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from assets.kettle.external.process import quiet_environment
from assets.kettle.external.programs import program, run_logged
from assets.kettle.external.request import ExternalError, Outcome, Request

STATUSES = {
    1: "errors occurred, or the file could not be loaded",
    2: "the command line was not understood",
    9: "the command line was not understood",
}
SEPARATORS = (",", ";", "|", "~", "\x1f")
LEVELS = {"Rowlevel": "RowLevel"}


def run(url: str, request: Request) -> Outcome:
    """Runs the file with the Hop in the folder of `hop-run:///opt/hop?project=p&environment=e&runconfig=local`.

    Raises:
        KettleError: see `run_logged`.
    """
    parts = urlsplit(url)
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    unknown = set(options) - {"project", "environment", "runconfig"}
    if unknown:
        raise ExternalError(f"HEDDLE_KETTLE: unknown option {', '.join(sorted(unknown))}", "remove it")
    arguments = [str(program(unquote(parts.path), "hop-run.sh")), "--file", str(request.path.absolute())]
    arguments += ["--level", LEVELS.get(request.level, request.level)]
    arguments += ["--runconfig", options.get("runconfig", "local")]
    for name in ("project", "environment"):
        if name in options:
            arguments += [f"--{name}", options[name]]
    arguments += listed("--parameters", request.parameters)
    for name, value in request.variables.items():
        arguments += ["--system-properties", f"{name}={value}"]
    return run_logged(arguments, request, quiet_environment(), STATUSES)


def listed(option: str, values: Mapping[str, str]) -> list[str]:
    """`--parameters a=1,b=2`, with a separator that no value holds. Raises ExternalError when there is none."""
    pairs = [f"{name}={value}" for name, value in values.items()]
    if not pairs:
        return []
    separator = next((s for s in SEPARATORS if not any(s in pair for pair in pairs)), None)
    if separator is None:
        raise ExternalError(f"the parameters hold all of {' '.join(SEPARATORS)!r}", "change one of them")
    said = [option, separator.join(pairs)]
    return said if separator == SEPARATORS[0] else [*said, "--parameters-separator", separator]
