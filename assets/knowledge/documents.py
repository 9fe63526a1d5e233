"""The handbook's documents as one versioned folder with a ledger, parsing again only what changed.

A version holds ledger.json (one entry per document), blocks.jsonl and chunks.jsonl, grouped by document.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from assets.knowledge import code
from assets.knowledge import parse as parsing
from assets.knowledge.blocks import Block, Chunk, block_of, chunk_of, read_chunks, write_lines
from assets.knowledge.chunk import chunks
from core.errors import DocumentError
from core.hashing import code_version, digest, file_digest
from core.naming import Key
from core.settings import Settings
from resources.ports import Objects

KEY = Key("doc", "retail", "handbook")
CURRENT = "current"
KEEP = 3
LEDGER, BLOCKS, CHUNKS = "ledger.json", "blocks.jsonl", "chunks.jsonl"


@dataclass(frozen=True)
class Entry:
    """A document in the ledger.

    Attributes:
        content: digest of the file the blocks come from; an older one than the file's while `error` is set.
        parser: version of the code that parsed it.
        path: where the file was when it was read.
        error: why the present file could not be parsed; its former blocks, if any, are kept.
    """

    content: str
    parser: str
    path: str
    blocks: int
    chunks: int
    error: str = ""


@dataclass(frozen=True)
class Built:
    """What a build did: the version's name, its ledger, and document names by what happened to them."""

    version: str
    ledger: dict[str, Entry]
    parsed: tuple[str, ...]
    reused: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def errors(self) -> dict[str, str]:
        """Document -> why its present file could not be parsed."""
        return {name: entry.error for name, entry in self.ledger.items() if entry.error}


Content = tuple[list[Block], list[Chunk]]


def folders(settings: Settings) -> tuple[Path, Path]:
    """The watched folders; a document in the second overrides one of the same name in the first."""
    return settings.handbook, settings.drops / "handbook"


def source_version(settings: Settings) -> str:
    """A fingerprint of names, sizes and change times of all documents: cheap, and equal while nothing changed."""
    stats = ((name, path.stat()) for name, path in sorted(scan(settings).items()))
    return digest(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}" for name, stat in stats)


def scan(settings: Settings) -> dict[str, Path]:
    """Relative name -> file of every document; hidden and unfinished files are left out, links may not lead outside."""
    found: dict[str, Path] = {}
    for folder in folders(settings):
        root = folder.resolve()
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            name = path.relative_to(root).as_posix()
            if path.is_file() and path.resolve().is_relative_to(root) and not _unfinished(name):
                found[name] = path
    return found


def build(settings: Settings, objects: Objects) -> Built:
    """Parse new and changed documents, carry the others over, and publish the result as version `current`.

    Raises:
        DocumentError: there is no document at all, or none could be parsed.
    """
    files = scan(settings)
    skipped = tuple(name for name, path in files.items() if path.suffix.lower() not in parsing.PARSERS)
    files = {name: path for name, path in files.items() if name not in skipped}
    if not files:
        places = " and ".join(map(str, folders(settings)))
        raise DocumentError(f"no documents in {places}", "add documents or set HEDDLE_HANDBOOK")
    former, kept = _former(objects)
    parser = code_version(*code.DOCUMENTS)
    ledger: dict[str, Entry] = {}
    contents: dict[str, Content] = {}
    parsed: list[str] = []
    for name, path in files.items():
        before = former.get(name)
        content = file_digest(path)
        if before and not before.error and (before.content, before.parser) == (content, parser):
            ledger[name], contents[name] = before, kept[name]
        else:
            ledger[name], contents[name] = _read(name, path, content, parser, before, kept)
            parsed.append(name)
    if not any(chunk for _, chunk in contents.values()):
        raise DocumentError("no document could be parsed: " + "; ".join(e.error for e in ledger.values()), "see above")
    version = digest(f"{name}\0{e.content}\0{e.parser}\0{e.error}" for name, e in sorted(ledger.items()))
    objects.write(KEY, version, lambda folder: _write(folder, ledger, contents))
    objects.set_alias(KEY, CURRENT, version)
    objects.prune(KEY, KEEP)
    removed = tuple(name for name in former if name not in files)
    reused = tuple(name for name in files if name not in parsed)
    return Built(version, ledger, tuple(parsed), reused, removed, skipped)


def load_chunks(objects: Objects, version: str) -> list[Chunk]:
    """All chunks of a version."""
    return read_chunks(objects.path(KEY, version) / CHUNKS)


def load_ledger(objects: Objects, version: str) -> dict[str, Entry]:
    """The ledger of a version."""
    fields = json.loads((objects.path(KEY, version) / LEDGER).read_text(encoding="utf-8"))
    return {name: Entry(**entry) for name, entry in fields.items()}


def _read(
    name: str, path: Path, content: str, parser: str, before: Entry | None, kept: dict[str, Content]
) -> tuple[Entry, Content]:
    try:
        blocks = parsing.parse(path, name)
    except DocumentError as error:
        blocks, found = kept.get(name, ([], []))
        shown = before.content if before and found else ""
        return Entry(shown, parser, str(path), len(blocks), len(found), str(error)), (blocks, found)
    found = chunks(name, blocks)
    return Entry(content, parser, str(path), len(blocks), len(found)), (blocks, found)


def _former(objects: Objects) -> tuple[dict[str, Entry], dict[str, Content]]:
    version = objects.alias(KEY, CURRENT)
    if version is None:
        return {}, {}
    folder = objects.path(KEY, version)
    ledger = load_ledger(objects, version)
    blocks = {name: [block_of(f) for f in group] for name, group in _grouped(folder / BLOCKS)}
    found = {name: [chunk_of(f | {"document": name}) for f in group] for name, group in _grouped(folder / CHUNKS)}
    return ledger, {name: (blocks.get(name, []), found.get(name, [])) for name in ledger}


def _grouped(path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with path.open(encoding="utf-8") as file:
        for name, group in groupby(map(json.loads, file), key=lambda fields: fields["document"]):
            yield name, [{k: v for k, v in fields.items() if k != "document"} for fields in group]


def _write(folder: Path, ledger: dict[str, Entry], contents: dict[str, Content]) -> None:
    entries = {name: asdict(entry) for name, entry in ledger.items()}
    (folder / LEDGER).write_text(json.dumps(entries, ensure_ascii=False, indent=1), encoding="utf-8")
    write_lines(folder / CHUNKS, (chunk for _, found in contents.values() for chunk in found))
    with (folder / BLOCKS).open("w", encoding="utf-8") as file:
        for name, (blocks, _) in contents.items():
            file.writelines(
                json.dumps(asdict(block) | {"document": name}, ensure_ascii=False) + "\n" for block in blocks
            )


def _unfinished(name: str) -> bool:
    parts = name.split("/")
    return any(part.startswith((".", "~$")) for part in parts) or name.endswith((".tmp", ".part", "~"))
