"""PDI on this machine: pan.sh runs transformations, kitchen.sh jobs."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from assets.kettle.external.process import quiet_environment
from assets.kettle.external.programs import program, run_logged
from assets.kettle.external.request import Outcome, Request
from assets.kettle.files.site import kettle_home

STATUSES = {
    1: "errors occurred during processing",
    2: "an unexpected error occurred during loading or running",
    3: "the transformation could not be prepared and initialised",
    7: "the file could not be loaded",
    8: "steps or plugins could not be loaded",
    9: "the command line was not understood",
}


def run(url: str, request: Request) -> Outcome:
    """Runs the file with the PDI in the folder that `pan:///opt/pdi` names. Raises KettleError; see `run_logged`."""
    folder = unquote(urlsplit(url).path)
    script = program(folder, "kitchen.sh" if request.is_job else "pan.sh")
    arguments = [str(script), f"-file={request.path.absolute()}", f"-level={request.level}"]
    arguments += [f"-param:{name}={value}" for name, value in request.parameters.items()]
    with home(request.variables) as environment:
        return run_logged(arguments, request, quiet_environment(environment), STATUSES)


@contextmanager
def home(variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The environment for a PDI that shall know variables: a KETTLE_HOME of its own with them in kettle.properties."""
    if not variables:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="heddle-kettle-") as folder:
        target = Path(folder) / ".kettle"
        target.mkdir(mode=0o700)
        usual = kettle_home()
        for path in usual.iterdir() if usual.is_dir() else ():
            if path.is_file():
                shutil.copy(path, target / path.name)
        properties = target / "kettle.properties"
        before = properties.read_text(encoding="latin-1") if properties.is_file() else ""
        added = "".join(f"{_escaped(name, key=True)}={_escaped(value)}\n" for name, value in variables.items())
        properties.write_text(f"{before.rstrip()}\n{added}", encoding="latin-1")
        properties.chmod(0o600)
        yield {"KETTLE_HOME": folder}


def _escaped(text: str, *, key: bool = False) -> str:
    """A text as a Java properties file holds it."""
    special = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"} | ({c: f"\\{c}" for c in " =:#!"} if key else {})
    out = "".join(special.get(c, c) for c in text)
    out = "".join(c if ord(c) < 127 else "".join(f"\\u{u:04x}" for u in _units(c)) for c in out)
    return f"\\{out}" if out.startswith(" ") else out


def _units(char: str) -> list[int]:
    data = char.encode("utf-16-be")
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
