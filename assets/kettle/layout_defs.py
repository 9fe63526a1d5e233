"""Which assets the files of a folder become: owner of each output, dependencies without cycles, specs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from assets.kettle.catalog import engine_version
from assets.kettle.described import FileInfo, Output, Place
from assets.kettle.keys import Keys, nouns, own_key
from assets.kit import lineage_metadata, spec_options
from core.hashing import digest, file_digest
from core.naming import Key
from core.schema import ColumnLineage, ColumnSource

GROUP = "kettle"
Deps = dict[Key, set[Key]]


@dataclass
class FilePlan:
    """One file and its assets.

    Attributes:
        noun: names its graph, its job, and what stands for the file itself.
        owned: output's key -> outputs of this file that lead there; empty when others own all of them.
        shared: outputs that belong to another asset: this file's runs only report on them.
        reads: key -> steps that read it.
        left_out: keys that it reads but that would close a cycle.
        cron: when the job that calls it runs, "" when none does by schedule.
    """

    path: Path
    info: FileInfo
    noun: str
    owned: dict[Key, list[Output]] = field(default_factory=dict)
    shared: dict[Key, list[Output]] = field(default_factory=dict)
    reads: dict[Key, list[str]] = field(default_factory=dict)
    left_out: list[Key] = field(default_factory=list)
    cron: str = ""

    @property
    def own(self) -> Key:
        """The key that stands for the file itself."""
        return own_key(self.noun)

    @property
    def keys(self) -> list[Key]:
        """The assets that a run of the file makes; one that stands for the file where it owns no output."""
        return list(self.owned) or [self.own]

    @property
    def places(self) -> dict[str, Place]:
        """All places that it reads or writes, by id."""
        found = [*self.info.reads, *(output.place for output in self.info.outputs)]
        return {place.id: place for place in found}


@dataclass
class Layout:
    """All files of a folder with their assets, and the keys that they read but nobody makes."""

    files: list[FilePlan]
    keys: Keys
    external: dict[Key, Place]


def lay_out(folder: Path, infos: Iterable[FileInfo], taken: Mapping[Key, set[Key]]) -> Layout:
    """Distributes outputs over the files, in the order of their names.

    Args:
        taken: assets that exist already, with what they depend on; they keep their definition.
    """
    infos = list(infos)
    keys = Keys(infos, str(folder))
    deps: Deps = {key: set(parents) for key, parents in taken.items()}
    names = nouns(infos)
    files = [FilePlan(folder / info.name, info, names[info.name]) for info in infos]
    owners: set[Key] = set(taken)
    for plan in files:
        mine: set[Key] = set()
        for output in plan.info.outputs:
            key = keys.of(output.place)
            mine |= {key} - owners
            (plan.owned if key in mine else plan.shared).setdefault(key, []).append(output)
        owners |= mine
    for plan in files:
        _connect(plan, keys, deps)
    _schedule(files)
    read = {key: place for plan in files for place in plan.info.reads if (key := keys.of(place)) not in owners}
    return Layout(files, keys, read)


def _schedule(files: Iterable[FilePlan]) -> None:
    """Gives each transformation the schedule of the job that calls it, directly or through others."""
    by_path = {str(plan.path.resolve()): plan for plan in files}
    waiting = [plan for plan in by_path.values() if plan.info.is_job and plan.info.cron]
    for plan in waiting:
        plan.cron = plan.info.cron
    while waiting:
        plan = waiting.pop()
        for called in (by_path.get(path) for path in plan.info.calls.values()):
            if called is not None and not called.cron:
                called.cron = plan.cron
                waiting.append(called)


def _connect(plan: FilePlan, keys: Keys, deps: Deps) -> None:
    for place in plan.info.reads:
        key = keys.of(place)
        if key in plan.owned or key in plan.left_out:
            continue
        if key not in plan.reads and any(_leads(own, key, deps) for own in plan.keys):
            plan.left_out.append(key)
            continue
        plan.reads.setdefault(key, []).append(place.step)
        for own in plan.keys:
            deps.setdefault(own, set()).add(key)


def _leads(start: Key, end: Key, deps: Deps) -> bool:
    """Whether `end` is made, over any number of assets, from `start`."""
    waiting, seen = [end], {end}
    while waiting:
        for parent in deps.get(waiting.pop(), ()):
            if parent == start:
                return True
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return start == end


def code_of(plan: FilePlan) -> str:
    """The code version: the file and the engine."""
    return digest([file_digest(plan.path), engine_version()])


def specs(plan: FilePlan, keys: Keys) -> list[dg.AssetSpec]:
    """The specs of a file's assets, in the order of `plan.keys`."""
    return [_spec(plan, key, plan.owned.get(key, []), keys) for key in plan.keys]


def external_spec(key: Key, place: Place) -> dg.AssetSpec:
    """Something that Kettle files read and that no asset here makes."""
    what = f"file {place.name}" if place.kind == "file" else f"table {place.name} of connection {place.connection}"
    options = spec_options(
        str(key), group=GROUP, kinds={"kettle", place.kind}, description=f"Read by Kettle files: {what}.", code=()
    )
    return dg.AssetSpec(**options, metadata={"dagster/table_name": place.name} if place.kind == "table" else {})


def _spec(plan: FilePlan, key: Key, outputs: list[Output], keys: Keys) -> dg.AssetSpec:
    kind = outputs[0].place.kind if outputs else "report"
    options = spec_options(
        str(key), group=GROUP, kinds={"kettle", kind}, description=_description(plan, outputs), code=()
    )
    return dg.AssetSpec(
        **options | {"code_version": code_of(plan)},
        deps=[dg.AssetKey(list(k)) for k in plan.reads],
        metadata=_metadata(plan, outputs, keys),
    )


def _description(plan: FilePlan, outputs: list[Output]) -> str:
    info = plan.info
    if info.error:
        return f"**Kettle file {info.name} cannot run.** {info.error}"
    steps = " → ".join(info.order[:12]) + (" → …" if len(info.order) > 12 else "")
    wrote = ", ".join(f"{o.place.name} by step {o.place.step!r}" for o in outputs) or "nothing that is an asset"
    sources = ", ".join(sorted({p.name for p in info.reads})) or "nothing outside"
    text = f"{info.description or info.title or info.name}\n\nKettle file {info.name}: writes {wrote}; reads {sources}."
    lines = [text, f"Steps: {steps}."]
    lines += [f"Not followed, since it would close a cycle: {', '.join(map(str, plan.left_out))}."] * bool(
        plan.left_out
    )
    lines += [f"Not supported: {', '.join(info.unsupported)}."] * bool(info.unsupported)
    return "\n\n".join(lines)


def _metadata(plan: FilePlan, outputs: list[Output], keys: Keys) -> dict[str, Any]:
    reference = dg.LocalFileCodeReference(file_path=str(plan.path), line_number=1, label=plan.info.name)
    metadata: dict[str, Any] = {
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference]),
        "kettle/file": plan.info.name,
        "kettle/outside": not any(output.place.warehouse for output in outputs),
    }
    if plan.info.problems:
        metadata["kettle/problems"] = dg.MetadataValue.json(plan.info.problems)
    for output in outputs[:1]:
        metadata |= output_metadata(plan, output, keys)
    return metadata


def output_metadata(plan: FilePlan, output: Output, keys: Keys) -> dict[str, Any]:
    """Dagster's well-known metadata of a table or file: name, columns, column lineage."""
    metadata: dict[str, Any] = {"dagster/table_name": output.place.name} if output.place.kind == "table" else {}
    if output.fields:
        columns = [dg.TableColumn(f.name, f.type_text) for f in output.fields]
        metadata["dagster/column_schema"] = dg.TableSchema(columns=columns)
    known = {name: str(keys.of(place)) for name, place in plan.places.items()}
    sources = {
        column: tuple(
            dict.fromkeys(ColumnSource(known[s.place], s.column) for s in found if s.place in known and s.column)
        )
        for column, found in output.lineage.items()
    }
    return metadata | lineage_metadata(ColumnLineage(sources))
