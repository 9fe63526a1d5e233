"""Entries on Zip archives."""

import os
import shutil
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import PurePosixPath

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import Tally, chosen, dated, fits, padded, result_rows, tally_of
from assets.kettle.jobs.places import CHUNK, Place

STORED, BEST, FAST = "0", "2", "3"
LEVELS = {STORED: 0, "1": 6, BEST: 9, FAST: 1}
UNIQUE, APPEND, NOTHING, FAIL = "0", "1", "2", "3"
DATE = ("adddate", "addtime", "SpecifyFormat")
KEEP, DELETE, MOVE = "0", "1", "2"
AFTER_WORDS = {"": KEEP, "do_nothing": KEEP, "delete_files": DELETE, "move_files": MOVE}


def move_folder(entry: JobEntry, after: str, tag: str, create: str) -> Place | None:
    """The folder that processed files go to, None when they do not. Raises KettleError when it is missing."""
    if after != MOVE:
        return None
    folder = Place(entry.text(tag))
    if not folder.is_folder():
        if not entry.options.flag(create):
            raise KettleError(f"entry {entry.name!r}: {folder.text} does not exist", "let the entry create it")
        folder.make_folder()
    return folder


class ZipFile(JobEntry):
    """Packs a file or the files of a folder."""

    types = ("ZIP_FILE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Packs; from rows: folder, wildcard, excluding wildcard, archive."""
        after = self.options.text("afterzip", default=KEEP)
        after = AFTER_WORDS.get(after, after)
        folder = move_folder(self, after, "movetodirectory", "createMoveToDirectory")
        for source, mask, exclude, archive in self._wanted(result):
            packed = self._pack(result, Place(source), mask, exclude, Place(archive))
            for file in packed if after != KEEP else []:
                if folder is None:
                    file.delete()
                else:
                    file.move(folder.child(file.name))
        return self.done(result)

    def _wanted(self, result: Result) -> list[tuple[str, str, str, str]]:
        if self.options.flag("isfromprevious"):
            rows = [padded(row, 4)[:4] for row in result_rows(result)]
            return [(s, m, e, z) for s, m, e, z in rows if s and z]
        texts = [self.text(tag) for tag in ("sourcedirectory", "wildcard", "wildcardexclude")]
        archive = dated(self.text("zipfilename"), self.options, DATE, mask=self.text("date_time_format"))
        return [(texts[0], texts[1], texts[2], archive)]

    def _pack(self, result: Result, source: Place, mask: str, exclude: str, archive: Place) -> list[Place]:
        """Writes the archive; the files that are in it."""
        if not source.exists():
            raise KettleError(f"entry {self.name!r}: {source.text} does not exist", "correct the source")
        files = chosen(source, mask, deep=self.options.flag("include_subfolders"), exclude=exclude)
        files = [file for file in files if file.text != archive.text]
        if not files:
            raise KettleError(f"entry {self.name!r}: there is no file to pack in {source.text}", "check the wildcards")
        if self.options.flag("createparentfolder"):
            archive.parent.make_folder()
        rule = self.options.text("ifzipfileexists", default=NOTHING) if archive.exists() else ""
        if rule == FAIL:
            raise KettleError(f"entry {self.name!r}: {archive.text} exists already", "remove it, or choose otherwise")
        if rule == NOTHING:
            self._name(result, archive)
            return []
        if rule == UNIQUE:
            archive = Place(dated(archive.text, self.options, unique=True))
        self._write(archive, files, source, keep=archive if rule == APPEND else None)
        self._name(result, archive)
        return files

    def _name(self, result: Result, archive: Place) -> None:
        if self.options.flag("addfiletoresult"):
            self.add_file(result, archive.text)

    def _write(self, archive: Place, files: list[Place], source: Place, keep: Place | None) -> None:
        level = LEVELS.get(self.options.text("compressionrate", default="1"), 6)
        kind = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
        names = {self._inside(file, source): file for file in files}
        with archive.writing() as stream, zipfile.ZipFile(stream, "w", kind, compresslevel=level or None) as target:
            if keep is not None:
                with keep.open() as before, zipfile.ZipFile(before) as old:
                    for info in old.infolist():
                        if info.filename not in names:
                            with old.open(info) as content, target.open(info, "w") as copy:
                                shutil.copyfileobj(content, copy, CHUNK)
            for name, file in names.items():
                with file.open() as content, target.open(name, "w", force_zip64=True) as copy:
                    shutil.copyfileobj(content, copy, CHUNK)

    def _inside(self, file: Place, source: Place) -> str:
        """The name in the archive: below the folder, or with as many folders of the path as asked for (0 is all)."""
        if not source.is_folder():
            return file.name
        depth = self.text("stored_source_path_depth").strip()
        if not depth.lstrip("-").isdigit() or not self.options.flag("include_subfolders"):
            return file.below(source) if self.options.flag("include_subfolders") else file.name
        parts = file.text.split("://", 1)[-1].strip("/").split("/")
        return "/".join(parts if int(depth) == 0 else parts[-int(depth) :] if int(depth) > 0 else parts[-1:])


class Unzip(JobEntry):
    """Unpacks archives into a folder. A name that would lead out of the folder is refused."""

    types = ("UNZIP",)

    def execute(self, result: Result, nr: int) -> Result:
        """Unpacks; from rows: archive or folder of archives, wildcard. Lines written are the archives done."""
        target = Place(self.text("targetdirectory"))
        if not target.is_folder():
            if target.exists() or not self.options.flag("createfolder"):
                raise KettleError(f"entry {self.name!r}: {target.text} is no folder", "let the entry create it")
            target.make_folder()
        after = self.options.text("afterunzip", default=KEEP)
        self.after = AFTER_WORDS.get(after, after)
        self.folder = move_folder(self, self.after, "movetodirectory", "createMoveToDirectory")
        tally = tally_of(self, "nr_limit")
        for archive in self._archives(result, tally):
            if tally.broken or self.run.stopped:
                break
            try:
                self._one(result, archive, target, tally)
            except (KettleError, zipfile.BadZipFile) as error:
                tally.bad += 1
                self.log(f"{archive.text}: {error}", "ERROR")
            else:
                tally.good += 1
        return tally.into(result)

    def _archives(self, result: Result, tally: Tally) -> list[Place]:
        if self.options.flag("isfromprevious"):
            wanted = [(row[0], padded(row, 2)[1]) for row in result_rows(result)]
        else:
            wanted = [(self.text("zipfilename"), self.text("wildcardSource", "wildcardsource"))]
        found = []
        for path, mask in wanted:
            place = Place(path)
            if place.exists():
                found += chosen(place, mask, deep=False)
            else:
                tally.bad += 1
                self.log(f"{place.text} does not exist", "ERROR")
        return found

    def _one(self, result: Result, archive: Place, target: Place, tally: Tally) -> None:
        if self.options.flag("rootzip"):
            target = target.child(archive.name.rsplit(".", 1)[0])
            target.make_folder()
        mask, exclude = self.text("wildcard"), self.text("wildcardexclude")
        with archive.open() as stream, zipfile.ZipFile(stream) as opened:
            for info in opened.infolist():
                place = inside(target, info.filename, archive.text)
                if info.is_dir():
                    place.make_folder()
                elif fits(place.name, mask, exclude):
                    self._file(result, opened, info, place, tally)
        if self.after == DELETE:
            archive.delete()
        elif self.folder is not None:
            archive.move(self.folder.child(archive.name))

    def _file(self, result: Result, opened: zipfile.ZipFile, info: zipfile.ZipInfo, place: Place, tally: Tally) -> None:
        if self.options.flag("adddate") or self.options.flag("addtime") or self.options.flag("SpecifyFormat"):
            place = place.parent.child(dated(place.name, self.options, DATE, mask=self.text("date_time_format")))
        if place.exists():
            rule = self.options.text("iffileexists", default=SKIP).upper()
            if rule == REFUSE:
                tally.bad += 1
                self.log(f"{place.text} exists already", "ERROR")
                return
            if rule == NEW_NAME:
                place = place.parent.child(dated(place.name, self.options, unique=True))
            elif rule not in REPLACES:
                raise KettleError(f"entry {self.name!r}: unknown rule {rule!r} for existing files", "choose it anew")
            elif not REPLACES[rule](info.file_size, place.size()):
                return
        place.parent.make_folder()
        with opened.open(info) as content, place.writing() as copy:
            shutil.copyfileobj(content, copy, CHUNK)
        if self.options.flag("setOriginalModificationDate") and place.local is not None:
            stamp_of(place, info)
        if self.options.flag("addfiletoresult"):
            self.add_file(result, place.text)


SKIP, REPLACE, NEW_NAME, REFUSE = "SKIP", "OVERWRITE", "UNIQ", "FAIL"
# rule as files spell it -> whether a file of the new size may replace one of the old size
REPLACES: dict[str, Callable[[int, int], bool]] = {
    SKIP: lambda new, old: False,
    REPLACE: lambda new, old: True,
    "OVERWRITE_DIFF_SIZE": lambda new, old: new != old,
    "OVERWRITE_EQUAL_SIZE": lambda new, old: new == old,
    "OVERWRITE_ZIP_BIG": lambda new, old: new > old,
    "OVERWRITE_ZIP_BIG_EQUAL": lambda new, old: new >= old,
    "OVERWRITE_ZIP_BIG_SMALL": lambda new, old: new < old,
    "OVERWRITE_ZIP_BIG_SMALL_EQUAL": lambda new, old: new <= old,
    "OVERWRITE_ZIP_SMALL": lambda new, old: new < old,
    "OVERWRITE_ZIP_SMALL_EQUAL": lambda new, old: new <= old,
}


def inside(folder: Place, name: str, archive: str) -> Place:
    """The place of an archive's entry in a folder. Raises KettleError when the name leads out of it."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
        raise KettleError(f"{archive}: the entry {name!r} leads out of the folder", "do not trust this archive")
    place = folder.child(str(path))
    if place.local is not None and folder.local is not None:
        real = place.local.parent.resolve()
        if not real.is_relative_to(folder.local.resolve()):
            raise KettleError(f"{archive}: the entry {name!r} leads out of the folder by a link", "remove the link")
    return place


def stamp_of(place: Place, info: zipfile.ZipInfo) -> None:
    """Gives a file the time that the archive tells (local time, as Zip has no zone)."""
    seconds = datetime(*info.date_time).astimezone().timestamp()
    if place.local is not None:
        os.utime(place.local, (seconds, seconds))
