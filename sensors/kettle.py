"""Sensor kettle__changed: Kettle files that were changed run, new ones are taken into the definitions."""

import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import dagster as dg

from assets.kettle.catalog import SUFFIXES
from core.hashing import digest
from core.settings import Settings
from sensors.environments import sensor_status
from sensors.watch import Changes, Memory, look, scan

NAME = "kettle__changed"
SECONDS = 15
LOCATION = "heddle"  # as workspace.yaml names it
FILE = "kettle/file"
ROOT = "kettle"
_RELOAD = """mutation($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename } }"""
_RELOADED = "WorkspaceLocationEntry"
Known = Mapping[str, Sequence[dg.AssetKey]]


def kettle_changed(settings: Settings) -> dg.SensorDefinition:
    """The sensor. Its cursor is what `watch.Memory` remembers."""

    @dg.sensor(
        name=NAME,
        asset_selection=dg.AssetSelection.all(),
        minimum_interval_seconds=SECONDS,
        default_status=sensor_status(settings, NAME),
        description="Changed transformations under HEDDLE_KETTLE_FILES run; for new, renamed and removed files, and "
        "for changed jobs, the definitions are loaded again.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        assert context.repository_def is not None
        graph = context.repository_def.asset_graph
        nodes = [graph.get(key) for key in graph.materializable_asset_keys]
        return tick(settings, context.cursor, known_files(nodes), lambda: reload(settings))

    return watch


def known_files(nodes: Sequence[object]) -> dict[str, list[dg.AssetKey]]:
    """File -> the assets that a run of it makes, from anything that has `key` and `metadata`."""
    found: dict[str, list[dg.AssetKey]] = {}
    for node in nodes:
        name = getattr(node, "metadata", {}).get(FILE)
        if name is not None:
            found.setdefault(str(getattr(name, "value", name)), []).append(node.key)  # type: ignore[attr-defined]
    return found


def tick(settings: Settings, cursor: str | None, known: Known, load_again: Callable[[], str]) -> dg.SensorResult:
    """One look at the folder. The first only remembers what is there.

    Args:
        known: the transformations of the loaded definitions, with their assets.
        load_again: asks for the definitions to be loaded again; says what came of it.
    """
    before = Memory.parse(cursor)
    present = {n: p for n, p in scan({ROOT: settings.kettle_files}).items() if p.suffix.lower() in SUFFIXES}
    found = look(present, before)
    if cursor is None:
        memory = Memory({name: (*_stamp(path), "") for name, path in present.items()})
        return _skip(f"watching {len(present)} files", memory)
    changed = [n for n in found.changed if before.files.get(n, (0, 0, "-"))[2] != found.changed[n]]
    names = {n: n.removeprefix(f"{ROOT}/") for n in changed}
    unknown = [n for n in changed if names[n] not in known]
    requests = [_request(names[n], found, n, known) for n in changed if names[n] in known]
    notes = []
    if unknown or found.gone:
        notes.append(f"{', '.join(sorted([*unknown, *found.gone]))}: new, removed or jobs; {load_again()}")
        _wait_for_definitions(found, [n for n in unknown if not n.endswith((".kjb", ".hwf"))], before)
    if requests:
        return dg.SensorResult(run_requests=requests, cursor=found.memory.text())
    if found.unsettled and not notes:
        notes.append(f"{found.unsettled} new or changed files: taken up once two ticks have seen them alike")
    return _skip("; ".join(notes) or "no file changed", found.memory)


def reload(settings: Settings) -> str:
    """Asks the web UI, if it runs, to load the definitions again. The daemon does so by itself within a minute."""
    body = json.dumps({"query": _RELOAD, "variables": {"name": LOCATION}})
    connection = http.client.HTTPConnection("127.0.0.1", settings.ui_port, timeout=5)
    try:
        connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
    except OSError as error:
        return f"load the definitions again (the web UI does not answer: {error})"
    finally:
        connection.close()
    if answer.status != 200:
        return f"the web UI answered {answer.status} to a reload"
    found = ((json.loads(text).get("data") or {}).get("reloadRepositoryLocation") or {}).get("__typename")
    if found != _RELOADED:
        return f"the web UI refused to load the definitions again ({found or 'no reason'}); restart `heddle up`"
    return "the definitions are being loaded again"


def _request(name: str, found: Changes, entry: str, known: Known) -> dg.RunRequest:
    state = digest([name, str(found.memory.files[entry])])
    return dg.RunRequest(run_key=f"{name} {state}", asset_selection=list(known[name]), tags={FILE: _tag(name)})


def _tag(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)[:63].strip("-_.")


def _wait_for_definitions(found: Changes, names: Sequence[str], before: Memory) -> None:
    """Files that no definition knows yet are found again at the next tick, and run when one does."""
    for name in names:
        taken = found.memory.files.pop(name, None)
        if taken:
            found.memory.waiting[name] = taken[:2]
        if name in before.files:
            found.memory.files[name] = before.files[name]


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _skip(reason: str, memory: Memory) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=memory.text())
