"""Records that people keep as YAML files in git: read, checked, decided and written, with errors that say where."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.atomic import write_text
from core.errors import SourceError

T = TypeVar("T", bound=BaseModel)


def loaded(path: Path) -> Any:
    """What a YAML file holds. Raises SourceError where it cannot be read, or is no YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read: {error}", "correct the file, or restore it from git") from None


def shaped(content: Any, shape: type[T], where: str, fix: str = "") -> T:
    """A record from its fields.

    Args:
        where: the file, or what else the fields are of.
        fix: what helps; by default the names of the fields.

    Raises:
        SourceError: a field is wrong; names `where` and the field.
    """
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "(the whole)"
        message = first["msg"].removeprefix("Value error, ")
        known = ", ".join(shape.model_fields)
        raise SourceError(f"{where}: field {field}: {message}", fix or f"the fields are {known}") from None


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
