"""The sources that are scanned: `sources.yaml` in the folder HEDDLE_CATALOG_FILES, kept in git."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from assets.catalog.attributes.model import Values
from assets.catalog.scan.references import WHOLE, check
from assets.documents import loaded, shaped
from core.errors import SourceError
from core.settings import Settings

FILE = "sources.yaml"
_CRON = re.compile(r"^(\S+\s+){4}\S+$")
_CRON_FIELD = re.compile(r"^(\*|[\dA-Za-z]+(-[\dA-Za-z]+)?)(/\d+)?(,(\*|[\dA-Za-z]+(-[\dA-Za-z]+)?)(/\d+)?)*$")


class Source(BaseModel):
    """One source.

    Attributes:
        url: `scheme://…`; `${env:NAME}` and `${file:/path}` stand for secrets and are read at use,
            `${heddle:warehouse}` for a setting of the project.
        include, exclude: patterns with `*` over paths such as `schema.table` or `folder/file.csv`.
        sample_rows: a table with more rows is sampled, and its profile says so; 0 reads all.
        max_bytes: read of one text file at most; 0 reads all.
        attributes: of the company's own, as attributes.yaml defines them.
        schedule: cron expression, "" for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    url: str = Field(min_length=1)
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    sample_rows: int = Field(200_000, ge=0)
    max_bytes: int = Field(256 * 2**20, ge=0)
    schedule: str = ""
    owner: str = ""
    description: str = ""
    attributes: Values = Field(default_factory=dict)

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        check(value)
        if WHOLE.fullmatch(value):
            return value
        if ":" not in value:
            raise ValueError("has no scheme; write file:///folder, sqlite:////file, postgresql://host/database, …")
        password = urlsplit(re.sub(r"\$\{[^}]*\}", "", value)).password
        if password:
            raise ValueError("holds a password; write ${env:NAME} or ${file:/path} in its place")
        return value

    @field_validator("schedule")
    @classmethod
    def _cron(cls, value: str) -> str:
        if value and not (_CRON.match(value) and all(map(_CRON_FIELD.match, value.split()))):
            raise ValueError("is no cron expression of five fields, such as `0 3 * * *`")
        return value


def load_sources(settings: Settings) -> list[Source]:
    """The sources of the file, in its order; none where there is no file.

    Raises:
        SourceError: the file is no YAML, a field is wrong or two sources have one name; it names file and field.
    """
    path = settings.catalog_files / FILE
    if not path.exists():
        return []
    found: list[Source] = []
    for number, entry in enumerate(_entries(path), 1):
        source = _source(path, number, entry)
        if any(source.name == other.name for other in found):
            raise SourceError(f"{path}: source {number}: field name: {source.name!r} is there twice", "rename one")
        found.append(source)
    return found


def chosen(sources: Sequence[Source], names: Sequence[str], folder: Path) -> list[Source]:
    """The sources of some names, in their order; all for none.

    Raises:
        SourceError: `sources.yaml` in the folder has no such source.
    """
    known = {s.name: s for s in sources}
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise SourceError(f"no source {name} in {folder / FILE}", f"there are: {there}")
    return [known[name] for name in dict.fromkeys(names)] or list(sources)


def _entries(path: Path) -> list[Any]:
    content = loaded(path)
    entries = content.get("sources") if isinstance(content, dict) else None
    if not isinstance(entries, list) or set(content) != {"sources"}:
        raise SourceError(f"{path}: field sources: a list is needed, and nothing beside it", "write `sources:`")
    return entries


def _source(path: Path, number: int, entry: Any) -> Source:
    name = entry.get("name", "") if isinstance(entry, dict) else ""
    where = f"{path}: source {number}" + (f" ({name})" if name else "")
    if not isinstance(entry, dict):
        raise SourceError(f"{where} is no mapping", "write `- name: …`")
    return shaped(entry, Source, where)
