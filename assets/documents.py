"""Records that people keep as YAML files in git: read, checked, decided and written, with errors that say where."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ValidationError

from core.atomic import write_text
from core.errors import HeddleError, SourceError

T = TypeVar("T", bound=BaseModel)
_MOST = 1_000_000


def _quoted(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        raise ValueError(f"YAML reads it as {value!r} and not as a name: write it in quotes")
    return value


Name = Annotated[str, BeforeValidator(_quoted)]  # of a column; `no`, `on`, `007` need quotes


def loaded(path: Path, refusal: type[HeddleError] = SourceError, *, fast: bool = False) -> Any:
    """What a YAML file holds.

    Args:
        refusal: the kind of error that is raised.
        fast: by libyaml where it is there, six times as fast, which nesting of a hundred thousand levels would crash:
            for files that come with the project.

    Raises:
        HeddleError: of the kind `refusal`: it cannot be read, or is no YAML.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if fast else yaml.SafeLoader
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe
        _size(found, {})
        return found
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:  # ValueError: no UTF-8, or 2024-13-45
        raise refusal(f"{path} cannot be read: {error}", "correct the file, or restore it from git") from None


def _size(value: Any, known: dict[int, int]) -> int:
    """How many values there are when every alias is written out: a few lines can stand for billions.

    Raises:
        ValueError: more than a million, or without end.
    """
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = _MOST  # what is met again within itself has no end
        known[id(value)] = 1 + sum(_size(v, known) for v in (value.values() if isinstance(value, dict) else value))
    if known[id(value)] >= _MOST:
        raise ValueError(f"its aliases stand for more than {_MOST:,} values")
    return known[id(value)]


def shaped(content: Any, shape: type[T], where: str, fix: str = "", refusal: type[HeddleError] = SourceError) -> T:
    """A record from its fields.

    Args:
        where: the file, or what else the fields are of.
        fix: what helps; by default the names of the fields.
        refusal: the kind of error that is raised.

    Raises:
        HeddleError: of the kind `refusal`: a field is wrong; names `where` and the field.
    """
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "(the whole)"
        message = first["msg"].removeprefix("Value error, ")
        known = ", ".join(shape.model_fields)
        raise refusal(f"{where}: field {field}: {message}", fix or f"the fields are {known}") from None


def read(path: Path, shape: type[T]) -> T:
    """A record from a file that is called as it is.

    Raises:
        SourceError: it is no YAML, or a field is wrong; names file and field.
    """
    made = shaped(loaded(path), shape, str(path))
    name = getattr(made, "name", "")
    if name != path.stem:
        raise SourceError(f"{path}: field name: {name!r} is not the file's name", f"rename the file to {name}.yaml")
    return made


def read_all(folder: Path, shape: type[T]) -> dict[str, T]:
    """All records of a folder by name; empty where there is no folder. Raises as `read`."""
    return {p.stem: read(p, shape) for p in sorted(folder.glob("*.yaml"))}


def read_good(folder: Path, shape: type[T]) -> tuple[dict[str, T], dict[str, SourceError]]:
    """Those of a folder that can be read, by name, and what is wrong with the others."""
    found: dict[str, T] = {}
    wrong: dict[str, SourceError] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            found[path.stem] = read(path, shape)
        except SourceError as error:
            wrong[path.stem] = error
    return found, wrong


def saved(path: Path, content: Mapping[str, Any], head: str = "") -> None:
    """Writes a record's fields in their order, whole or not at all; `head` is comment lines before them."""
    write_text(path, head + yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False, width=110))


def decision(status: str, by: str, note: str = "") -> dict[str, str]:
    """The fields of a decision: status, by, at (ISO 8601, UTC, seconds) and, where there is one, note.

    Raises:
        SourceError: nobody is named.
    """
    if not by.strip():
        raise SourceError("a decision needs a person", "name who makes it")
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"status": status, "by": by.strip(), "at": at} | ({"note": note} if note else {})
