"""A fitted imputation as a folder: one JSON file and one array file a model. Nothing in it is code."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from assets.quality.impute.candidates.registry import named
from assets.quality.impute.choose import Choice
from assets.quality.impute.model import Filler, Imputation
from assets.quality.impute.pattern import Pattern
from assets.quality.impute.table import Column
from core.errors import StoreError

ABOUT = "imputation.json"
FORMAT = 1


def writer(imputation: Imputation) -> Callable[[Path], None]:
    """A function that writes the imputation into an empty folder."""

    def write(folder: Path) -> None:
        about = {
            "format": FORMAT,
            "rows": imputation.rows,
            "columns": [asdict(column) for column in imputation.columns],
            "stand_ins": dict(imputation.stand_ins),
            "fillers": {name: _filler(folder, n, f) for n, (name, f) in enumerate(imputation.fillers.items())},
        }
        (folder / ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")

    return write


def _filler(folder: Path, number: int, filler: Filler) -> dict[str, Any]:
    files = {}
    for place, (name, model) in enumerate(filler.models.items()):
        files[name] = f"{number}-{place}.npz"
        arrays: dict[str, Any] = {key: np.asarray(value) for key, value in model.state().items()}
        np.savez_compressed(folder / files[name], allow_pickle=False, **arrays)
    choice = asdict(filler.choice) | {"weights": dict(filler.choice.weights), "errors": dict(filler.choice.errors)}
    return {"choice": choice, "pattern": asdict(filler.pattern), "models": files}


def read(folder: Path) -> Imputation:
    """The imputation that was written there.

    Raises:
        StoreError: the folder holds none, or one of another format.
    """
    with _about(folder) as about:
        fillers = {name: _read(folder, content) for name, content in about["fillers"].items()}
        columns = tuple(Column(**(c | {"labels": tuple(c["labels"])})) for c in about["columns"])
        return Imputation(columns, about["stand_ins"], fillers, about["rows"])


def choices(folder: Path) -> dict[str, Choice]:
    """The verdict over each column, without the models. Raises StoreError as `read`."""
    with _about(folder) as about:
        return {name: _choice(content["choice"]) for name, content in about["fillers"].items()}


@contextmanager
def _about(folder: Path) -> Iterator[dict[str, Any]]:
    """What the JSON file says; what is wrong in it or in what is made of it is told as a StoreError."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise StoreError(f"{folder / ABOUT} has format {about['format']}, not {FORMAT}", "fit it again")
        yield about
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile) as error:
        raise StoreError(f"{folder} holds no imputation that can be read: {error}", "fit it again") from error


def _read(folder: Path, content: dict[str, Any]) -> Filler:
    models = {}
    for name, file in content["models"].items():
        with np.load(folder / Path(file).name, allow_pickle=False) as state:
            models[name] = named(name).restore({key: v.item() if v.ndim == 0 else v for key, v in state.items()})
    return Filler(_choice(content["choice"]), models, Pattern(**content["pattern"]))


def _choice(content: dict[str, Any]) -> Choice:
    return Choice(**(content | {"tolerances": tuple(content["tolerances"])}))
