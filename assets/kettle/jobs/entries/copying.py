"""Entries that copy and move files: from folder to folder, and files of the result."""

from collections.abc import Callable, Iterator

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import Tally, chosen, dated, fits, padded, result_rows, tally_of
from assets.kettle.jobs.places import Place


class Transfers(JobEntry):
    """What copying and moving share: the table of sources and targets, and which file goes where."""

    def pairs(self, result: Result) -> list[tuple[str, str, str]]:
        """Source, target and wildcard of each line; lines without source or target are left out."""
        if self.options.flag("arg_from_previous"):
            rows = [padded(row, 3)[:3] for row in result_rows(result)]
        else:
            tags = ("source_filefolder", "destination_filefolder", "wildcard")
            rows = [[self.resolve(o.text(tag)) for tag in tags] for o in self.options.rows("fields/field")]
        return [(source, target, mask) for source, target, mask in rows if source and target]

    def planned(self, source: Place, target: Place, mask: str, *, flat: bool) -> Iterator[tuple[Place, Place]]:
        """Each file with the place it goes to.

        Raises:
            KettleError: the source is missing, the target folder too and may not be made, or a folder shall be a file.
        """
        if not source.exists():
            raise KettleError(f"{source.text} does not exist", "correct the source")
        as_file = self.options.flag("destination_is_a_file")
        folder = target.parent if as_file else target
        if not folder.exists():
            if not self.options.flag("create_destination_folder"):
                raise KettleError(f"the folder {folder.text} does not exist", "create it, or let the entry do so")
            folder.make_folder()
        if source.is_folder():
            if as_file:
                raise KettleError(f"{source.text} is a folder, {target.text} shall be a file", "name a folder")
            for found in chosen(source, mask, deep=self.options.flag("include_subfolders")):
                yield found, target.child(found.name if flat else found.below(source))
        else:
            yield source, target if as_file else target.child(source.name)


class CopyFiles(Transfers):
    """Copies files and folders; existing files stay unless told otherwise."""

    types = ("COPY_FILES",)

    def execute(self, result: Result, nr: int) -> Result:
        """Copies; errors are the lines of the table that failed."""
        failed = 0
        for source, target, mask in self.pairs(result):
            try:
                self._copy(result, Place(source), Place(target), mask)
            except KettleError as error:
                failed += 1
                self.log(str(error), "ERROR")
        return self.done(result, not failed, failed)

    def _copy(self, result: Result, source: Place, target: Place, mask: str) -> None:
        copied = []
        for file, place in self.planned(source, target, mask, flat=False):
            if place.exists() and not self.options.flag("overwrite_files"):
                self.log(f"{place.text} exists and stays", "DETAILED")
                continue
            file.copy(place)
            copied.append(file)
            if self.options.flag("add_result_filesname"):
                self.add_file(result, place.text)
        if self.options.flag("copy_empty_folders", default=True) and source.is_folder():
            self._folders(source, target)
        if self.options.flag("remove_source_files"):
            for file in copied:
                file.delete()

    def _folders(self, source: Place, target: Place) -> None:
        if self.options.flag("include_subfolders"):
            for place in source.walk(deep=True):
                if place.is_folder():
                    target.child(place.below(source)).make_folder()


MOVED = ("add_moved_date", "add_moved_time", "SpecifyMoveFormat")
RESULT_DATE = ("add_date", "add_time", "SpecifyFormat")


class MoveFiles(Transfers):
    """Moves files; names may get the time; what happens to one that exists is chosen."""

    types = ("MOVE_FILES",)

    def execute(self, result: Result, nr: int) -> Result:
        """Moves until the success condition cannot hold any more. Lines written are the files moved."""
        tally = tally_of(self)
        self.aside = self._folder_for_existing()
        for source, target, mask in self.pairs(result):
            if tally.broken or self.run.stopped:
                break
            try:
                self._line(result, tally, Place(source), Place(target), mask)
            except KettleError as error:
                tally.bad += 1
                self.log(str(error), "ERROR")
        return tally.into(result)

    def _folder_for_existing(self) -> Place | None:
        if self.options.text("iffileexists") != "move_file":
            return None
        folder = Place(self.text("destinationFolder"))
        if not folder.exists() and self.options.flag("create_move_to_folder"):
            folder.make_folder()
        if not folder.is_folder():
            raise KettleError(f"entry {self.name!r}: {folder.text} is no folder", "create it, or let the entry do so")
        return folder

    def _line(self, result: Result, tally: Tally, source: Place, target: Place, mask: str) -> None:
        flat = self.options.flag("DoNotKeepFolderStructure")
        plan = list(self.planned(source, target, mask, flat=flat))
        for file, place in plan:
            if tally.broken or self.run.stopped:
                return
            named = dated(place.name, self.options, before=self.options.flag("AddDateBeforeExtension"))
            try:
                self._file(result, tally, file, place.parent.child(named))
            except KettleError as error:
                tally.bad += 1
                self.log(str(error), "ERROR")
        if self.options.flag("move_empty_folders") and source.is_folder():
            for folder in (p for p in source.walk(deep=True) if p.is_folder()):
                target.child(folder.below(source)).make_folder()

    def _file(self, result: Result, tally: Tally, file: Place, place: Place, rule: str = "iffileexists") -> None:
        moved = EXISTS if rule == "iffileexists" else EXISTS_ASIDE
        action = self.options.text(rule, default="do_nothing") if place.exists() else "overwrite_file"
        if action not in moved:
            raise KettleError(f"entry {self.name!r}: what to do with existing files is {action!r}", "choose it anew")
        moved[action](self, result, tally, file, place)

    def move(self, result: Result, tally: Tally, file: Place, place: Place) -> None:
        """Moves the file over the place."""
        if not self.options.flag("simulate"):
            file.move(place)
        if self.options.flag("add_result_filesname"):
            self.add_file(result, place.text)
        tally.good += 1

    def move_unique(self, result: Result, tally: Tally, file: Place, place: Place) -> None:
        """Moves it beside, under a name with the time."""
        named = dated(place.name, self.options, unique=True, before=self.options.flag("AddMovedDateBeforeExtension"))
        self.move(result, tally, file, place.parent.child(named))

    def delete(self, result: Result, tally: Tally, file: Place, place: Place) -> None:
        """Deletes the source."""
        if not self.options.flag("simulate"):
            file.delete()
        tally.good += 1

    def set_aside(self, result: Result, tally: Tally, file: Place, place: Place) -> None:
        """Moves the source into the other folder; what if it exists there is chosen, too."""
        if self.aside is None:
            raise KettleError(f"entry {self.name!r}: no folder is given for files that exist", "name it")
        mask = self.text("moved_date_time_format")
        before = self.options.flag("AddMovedDateBeforeExtension")
        named = dated(place.name, self.options, MOVED, before=before, mask=mask)
        self._file(result, tally, file, self.aside.child(named), "ifmovedfileexists")

    def refuse(self, result: Result, tally: Tally, file: Place, place: Place) -> None:
        """The file that exists is an error."""
        raise KettleError(f"{place.text} exists already", "remove it, or choose another way for existing files")

    def keep(self, result: Result, tally: Tally, file: Place, place: Place) -> None:
        """Nothing happens; the source stays."""
        self.log(f"{place.text} exists: {file.text} stays", "DETAILED")


Action = Callable[[MoveFiles, Result, Tally, Place, Place], None]
EXISTS_ASIDE: dict[str, Action] = {
    "overwrite_file": MoveFiles.move,
    "unique_name": MoveFiles.move_unique,
    "fail": MoveFiles.refuse,
    "do_nothing": MoveFiles.keep,
}
EXISTS: dict[str, Action] = EXISTS_ASIDE | {"delete_file": MoveFiles.delete, "move_file": MoveFiles.set_aside}


class ResultFilesTransfer(JobEntry):
    """Copies, moves or deletes the files of the result."""

    types = ("COPY_MOVE_RESULT_FILENAMES",)

    def execute(self, result: Result, nr: int) -> Result:
        """Works on each file that fits; a file that is gone is an error. Lines written are those done."""
        action = self.options.text("action", default="copy")
        if action not in ("copy", "move", "delete"):
            raise KettleError(f"entry {self.name!r}: unknown action {action!r}", "choose copy, move or delete")
        folder = None if action == "delete" else self._folder()
        mask, exclude = self.text("wildcard"), self.text("wildcardexclude")
        picky = self.options.flag("specify_wildcard")
        tally = tally_of(self)
        for named in list(result.files):
            if tally.broken or self.run.stopped:
                break
            place = Place(named.path)
            try:
                if not place.exists():
                    raise KettleError(f"{place.text} does not exist", "check the steps that name it as a result")
                if not picky or fits(place.name, mask, exclude):
                    tally.good += self._one(result, place, folder, action)
            except KettleError as error:
                tally.bad += 1
                self.log(str(error), "ERROR")
        return tally.into(result)

    def _folder(self) -> Place:
        folder = Place(self.text("destination_folder"))
        if not folder.exists():
            if not self.options.flag("CreateDestinationFolder"):
                raise KettleError(f"entry {self.name!r}: {folder.text} does not exist", "let the entry create it")
            folder.make_folder()
        return folder

    def _one(self, result: Result, place: Place, folder: Place | None, action: str) -> int:
        forget = self.options.flag("RemovedSourceFilename")
        if folder is None:
            place.delete()
            self._forget(result, place)
            return 1
        mask, before = self.text("date_time_format"), self.options.flag("AddDateBeforeExtension")
        target = folder.child(dated(place.name, self.options, RESULT_DATE, before=before, mask=mask))
        if target.exists() and not self.options.flag("OverwriteFile"):
            return 0
        (place.copy if action == "copy" else place.move)(target)
        if forget:
            self._forget(result, place)
        if self.options.flag("AddDestinationFilename"):
            self.add_file(result, target.text)
        return 1

    def _forget(self, result: Result, place: Place) -> None:
        result.files = [f for f in result.files if Place(f.path).text != place.text]
