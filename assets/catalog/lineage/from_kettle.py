"""Lineage of Kettle files: source column -> step -> step -> target column, from their descriptions."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from assets.catalog.lineage.commits import commit_of
from assets.catalog.lineage.model import Edge, Stated
from assets.kettle.catalog import engine_version
from assets.kettle.described import FileInfo, Output
from assets.kettle.keys import Keys
from core.hashing import digest, file_digest

MARK = ">"  # between a file and the asset that it makes, in names of what is stated


def kettle_lineage(folder: Path, infos: Iterable[FileInfo]) -> list[Stated]:
    """What each file states of each of its outputs; named `file>asset`. Files that cannot be read state nothing."""
    known = [info for info in infos if not info.error]
    keys = Keys(known, str(folder))
    return [stated for info in known for stated in _of_file(folder / info.name, info, keys)]


def code_version(path: Path) -> str:
    """As Dagster has it of what a file makes: the file and the engine."""
    return digest([file_digest(path), engine_version()])


def step_key(file: str, step: str) -> str:
    """The node of a step."""
    return f"step:{file}#{step}"


def name_of(file: str, key: str) -> str:
    """What a file's statement on one asset is called."""
    return f"{file}{MARK}{key}"


def _of_file(path: Path, info: FileInfo, keys: Keys) -> Iterator[Stated]:
    evidence = {"file": info.name, "commit": commit_of(path), "code_version": code_version(path)}
    flow = [
        *(Edge(str(keys.of(p)), "", step_key(info.name, p.step), "") for p in info.reads),
        *(Edge(step_key(info.name, a), "", step_key(info.name, b), "") for a, b in info.hops),
    ]
    places = {p.id: p for p in [*info.reads, *(output.place for output in info.outputs)]}
    for output in info.outputs:
        key = str(keys.of(output.place))
        edges = [*flow, Edge(step_key(info.name, output.place.step), "", key, "", detail="writes")]
        assets = {i: str(keys.of(p)) for i, p in places.items()}
        for column in output.lineage:
            edges += _chains(info.name, output, column, _label(column, output, info.outputs), assets, key)
        edges += [
            Edge(assets[i.place], i.column, key, "", i.kind, f"step {i.step}") for i in output.rows if i.place in assets
        ]
        yield Stated("definition", name_of(info.name, key), tuple(dict.fromkeys(edges)), evidence)


def _chains(file: str, output: Output, column: str, label: str, assets: dict[str, str], key: str) -> Iterator[Edge]:
    """One chain for each source of a column; on the way it is the column that it becomes in the end."""
    end = step_key(file, output.place.step)
    for source in output.lineage[column]:
        steps = [(step_key(file, hop.step), hop.words) for hop in source.way]
        if source.place in assets and source.column:
            first, words = steps[0] if steps else (end, "")
            yield Edge(assets[source.place], source.column, first, label, detail=words)
        for (before, _), (after, words) in pairwise([*steps, (end, "")]):
            if before != after:
                yield Edge(before, label, after, label, detail=words)
    yield Edge(end, label, key, column, detail="writes")


def _label(column: str, output: Output, outputs: Iterable[Output]) -> str:
    """A name of its own where several outputs of a file have a column of that name."""
    same = [o for o in outputs if column in o.lineage]
    return column if len(same) == 1 else f"{column} of {output.place.name}"
