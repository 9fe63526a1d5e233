"""What is decided beside rules: verdicts of imputations, join plans, mappings of fields."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from assets.quality.fusion.files import PlanFiles
from assets.quality.fusion.files import files as plan_files
from assets.quality.impute import store
from assets.quality.impute.choose import Choice
from assets.quality.impute.spec import Spec, specs
from assets.quality.mapping.files import MappingFiles
from core.errors import ConflictError, HeddleError
from core.hashing import digest
from core.naming import Key
from core.settings import Settings
from resources.open import objects
from serving.studio.forms import Form
from serving.studio.visit import Visit

CURRENT = "challenger"  # the last fitted imputation
T = TypeVar("T")


class Read(NamedTuple):
    """A file: what is in it, or why that cannot be read; `mark` tells one state of it from another."""

    name: str
    found: Any
    problem: str = ""
    mark: str = ""


class Fitted(NamedTuple):
    """The verdicts of the latest fitted model, by column; none before the first."""

    spec: Spec
    version: str
    choices: dict[str, Choice]


def others(visit: Visit) -> dict[str, list[Read]]:
    """Imputations, plans and mappings whose tables the reader may see."""
    settings, sees = visit.studio.settings, visit.studio.shelf.listing().sees
    return {
        "imputations": [r for r in _imputations(settings) if not r.found or sees(r.found.spec.table)],
        "plans": [r for r in _plans(settings) if not r.found or all(map(sees, r.found.tables))],
        "mappings": [r for r in _mappings(settings) if not r.found or (sees(r.found.source) and sees(r.found.target))],
    }


def marked(found: dict[str, list[Read]]) -> str:
    """The mark of all files together."""
    return digest([f"{r.name} {r.mark}" for reads in found.values() for r in reads])


def plan(visit: Visit, form: Form) -> str:
    """Accepts or refuses a join plan.

    Raises:
        ConflictError: its file is another one by now.
    """
    files = PlanFiles(visit.studio.settings.quality)
    asset = form.get("plan", "")
    _same(_one(others(visit)["plans"], asset).mark, form)
    files.decide(asset, "accepted" if form.get("status") == "accepted" else "refused", visit.studio.who, _note(form))
    return "/quality#plans"


def mapping(visit: Visit, form: Form) -> str:
    """Accepts or refuses one field of a mapping.

    Raises:
        ConflictError: its file is another one by now.
    """
    name, target = form.get("mapping", ""), form.get("target", "")
    _same(_one(others(visit)["mappings"], name).mark, form)
    status = "accepted" if form.get("status") == "accepted" else "refused"
    MappingFiles(visit.studio.settings.quality).decide(name, [target], status, visit.studio.who, _note(form))  # type: ignore[arg-type]
    return "/quality#mappings"


def _one(known: list[Read], name: str) -> Read:
    found = next((r for r in known if r.name == name and r.found), None)
    if found is None:
        raise HeddleError(f"there is no {name[:200]}, or you may not see it", "open the page again")
    return found


def _same(mark: str, form: Form) -> None:
    if form.get("mark") != mark:
        raise ConflictError("the file was changed meanwhile", "look at it again, then decide")


def _note(form: Form) -> str:
    return form.get("note", "").strip()[:1000]


def _imputations(settings: Settings) -> Iterator[Read]:
    try:
        known = specs(settings.quality)
    except HeddleError as error:
        yield Read("", None, error.what)
        return
    for name, spec in known.items():
        yield _read(name, lambda spec=spec: _fitted(settings, spec))  # type: ignore[misc]


def _fitted(settings: Settings, spec: Spec) -> Fitted:
    kept, key = objects(settings), Key.parse(spec.model)
    version = kept.alias(key, CURRENT)
    return Fitted(spec, version or "", store.choices(kept.path(key, version)) if version else {})


def _plans(settings: Settings) -> Iterator[Read]:
    from assets.quality.fusion.files import read_plan

    for path in plan_files(PlanFiles(settings.quality).folder, "join"):
        found = _read(path.name, lambda path=path: read_plan(path), path)  # type: ignore[misc]
        yield found._replace(name=found.found.asset) if found.found else found


def _mappings(settings: Settings) -> Iterator[Read]:
    files = MappingFiles(settings.quality)
    for name in files.names():
        path = files.folder / f"{name}.yaml"
        yield _read(name, lambda name=name: files.read(name), path)  # type: ignore[misc]


def _read(name: str, ask: Callable[[], T], path: Path | None = None) -> Read:
    try:
        mark = hashlib.sha256(path.read_bytes()).hexdigest()[:24] if path else ""
        return Read(name, ask(), "", mark)
    except (HeddleError, OSError) as error:
        return Read(name, None, str(error).splitlines()[0])
