"""Files of the platform: versioned data sets, outputs and inputs of Kettle files, drops, documents, chunks, logs.

Rows of Parquet and CSV files go where a cell is the identifier; in other texts the identifier is taken out. A file is
written anew beside itself and renamed in place. What cannot be changed so (PDF, Office, archives) is told.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.security.erasure.match import Needles
from assets.security.erasure.model import LISTED, NAMED, UNSEEN, WHOLE, Found, Subject
from assets.security.erasure.stores.databases import is_sqlite
from core.atomic import replacing, write_text
from core.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

TEXTS = {
    ".jsonl", ".json", ".log", ".txt", ".md", ".yaml", ".yml", ".html", ".htm", ".xml", ".out", ".err", ".sql", ".ktr",
    ".kjb", "",
}  # fmt: skip
CSVS = {".csv", ".tsv"}
OFFICE = {".pdf", ".docx", ".xlsx", ".pptx", ".epub", ".gz"}
MARK = "erased.json"
_UNREADABLE = (OSError, ValueError, NotImplementedError, SourceError)  # no right to read it, or a broken file
_NOTES = {LISTED: "change or remove it by hand", UNSEEN: "it cannot be read: look at it, or remove it"}
_BLOCK = 1 << 20
_LEFT = {".duckdb", ".wal", ".pyc", ".lock", ".pid"}  # databases have stores of their own


class Files:
    """All files of some folders.

    Args:
        folders: name -> folder, or a single file; what is not there is left out.
        versions: folder of versioned things, whose versions are marked.
    """

    name = "files"

    def __init__(self, folders: dict[str, Path], versions: Path | None = None, skipped: Iterable[Path] = ()) -> None:
        self.folders, self.versions, self.skipped = folders, versions, [p.resolve() for p in skipped]

    def find(self, subject: Subject) -> Iterator[Found]:
        """See Store."""
        for place, path in self._all():
            for how, count in _looked(path, subject.needles).items():
                yield Found(self.name, place, (), how, count, _NOTES.get(how, ""))

    def records(self, subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
        """See Store. Raises SourceError at the end for files that cannot be read."""
        unread = []
        for place, path in self._all():
            try:
                yield from ((place, content) for content in _contents(path, subject.needles))
            except _UNREADABLE:
                unread.append(place)
        if unread:
            raise SourceError(f"files that cannot be read: {', '.join(unread)}", _NOTES[UNSEEN])

    def erase(self, subject: Subject) -> None:
        """One file after the other, each whole; a killed run goes on with the rest."""
        for _, path in self._all():
            found = _looked(path, subject.needles)
            if not found or LISTED in found or UNSEEN in found:
                continue
            if path.suffix == ".parquet":
                with replacing(path) as made:
                    _parquet(path, made, subject.needles)
            else:
                with replacing(path) as made:
                    _texts(path, made, subject.needles)
            self._mark(path)

    def _all(self) -> Iterator[tuple[str, Path]]:
        for name, folder in self.folders.items():
            for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
                skipped = any(path.resolve().is_relative_to(s) for s in self.skipped)
                if path.is_file() and not path.is_symlink() and not skipped and _readable(path):
                    yield f"{name}/{path.relative_to(folder)}" if path != folder else name, path

    def _mark(self, path: Path) -> None:
        """A version of a data set says that it is no longer what was first written."""
        if self.versions is None or not path.is_relative_to(self.versions):
            return
        parts = path.relative_to(self.versions).parts
        if len(parts) > 4:  # layer, domain, noun, version, file
            said = {"erased_rows_at": datetime.now(UTC).isoformat(timespec="seconds")}
            target = self.versions.joinpath(*parts[:4], MARK)
            write_text(target, json.dumps(said))


def _readable(path: Path) -> bool:
    """False of databases."""
    return path.suffix not in _LEFT and not path.name.endswith(("-wal", "-shm")) and not is_sqlite(path)


def _contents(path: Path, needles: Needles) -> Iterator[dict[str, Any]]:
    """The rows or lines of a file that hold the person."""
    if path.suffix == ".parquet":
        for frame in _frames(path):
            yield from frame.filter(_mask(frame, needles.within)).iter_rows(named=True)
    elif path.suffix in TEXTS | CSVS:
        for number, line in enumerate(_lines(path), 1):
            if needles.within(line):
                yield {"line": number, "text": line.rstrip("\r\n")}


def _looked(path: Path, needles: Needles) -> dict[str, int]:
    """How often a file holds the person, by how."""
    try:
        if path.suffix == ".parquet":
            return _of_parquet(path, needles)
        if path.suffix in TEXTS | CSVS:
            return _of_lines(path, needles)
        if path.suffix in OFFICE and not _holds(path, needles):
            return _of_office(path, needles)
        return {LISTED: 1} if _holds(path, needles) else {}
    except _UNREADABLE:
        return {UNSEEN: 0}


def _of_lines(path: Path, needles: Needles) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in _lines(path):
        if needles.within(line):
            how = WHOLE if path.suffix in CSVS and _row(path, line, needles) else NAMED
            found[how] = found.get(how, 0) + 1
    return found


def _of_office(path: Path, needles: Needles) -> dict[str, int]:
    from assets.security.sensitive.files import texts

    try:
        return {LISTED: 1} if any(needles.within(text) for text in texts(path)) else {}
    except Exception as error:  # each format's reader has errors of its own; none is taken for "holds nothing"
        raise SourceError(f"{path.name}: {type(error).__name__}") from None


def _of_parquet(path: Path, needles: Needles) -> dict[str, int]:
    whole = named = 0
    for frame in _frames(path):
        is_, names = _mask(frame, needles.whole), _mask(frame, needles.within)
        whole, named = whole + int(is_.sum()), named + int((names & ~is_).sum())
    return {k: v for k, v in ((WHOLE, whole), (NAMED, named)) if v}


def _frames(path: Path) -> "Iterator[pl.DataFrame]":
    import polars as pl
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(65_536):
            yield pl.DataFrame(pl.from_arrow(batch))


def _mask(frame: "pl.DataFrame", test: Callable[[object], bool]) -> "pl.Series":
    """Rows of which a cell holds the person; texts and whole numbers are looked at, each different one once."""
    import polars as pl

    found = pl.repeat(value=False, n=frame.height, eager=True)
    for column in frame:
        if column.dtype == pl.String or column.dtype.is_integer():
            hit = [v for v in column.unique().to_list() if test(v)]
            if hit:
                found = found | column.is_in(pl.Series(hit, dtype=column.dtype).implode()).fill_null(value=False)
    return found


def _parquet(path: Path, made: Path, needles: Needles) -> None:
    import polars as pl
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file, pq.ParquetWriter(made, file.schema_arrow) as writer:
        for batch in file.iter_batches(65_536):
            frame = pl.DataFrame(pl.from_arrow(batch))
            kept = frame.filter(~_mask(frame, needles.whole))
            texts = [n for n, d in kept.schema.items() if d == pl.String]
            if texts:
                kept = kept.with_columns(
                    pl.Series(
                        n, [needles.redacted(v) if v and needles.within(v) else v for v in kept[n].to_list()], pl.String
                    )
                    for n in texts
                )
            writer.write_table(kept.to_arrow().cast(file.schema_arrow))


def _texts(path: Path, made: Path, needles: Needles) -> None:
    with made.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        for line in _lines(path):
            if path.suffix in CSVS and needles.within(line) and _row(path, line, needles):
                continue
            file.write(needles.redacted(line))


def _row(path: Path, line: str, needles: Needles) -> bool:
    """A whole row of a CSV file of which a cell is the identifier."""
    if line.count('"') % 2:
        return False  # a part of a row: the identifier alone is taken out
    cells = next(csv.reader([line], delimiter="\t" if path.suffix == ".tsv" else ","), [])
    if len(cells) == 1 and ";" in line:
        cells = next(csv.reader([line], delimiter=";"), [])
    return any(needles.whole(cell) for cell in cells)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        yield from file


def _holds(path: Path, needles: Needles) -> bool:
    """Whether the bytes hold it, read in blocks that overlap."""
    overlap = max(map(len, needles.raw), default=1)
    before = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if needles.in_bytes(before + block):
                return True
            before = block[-overlap:]
    return False
