"""Entries on folders: create, delete, compare, is it empty."""

from collections.abc import Callable

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import fits, result_rows, tally_of
from assets.kettle.jobs.places import Place


class CreateFolder(JobEntry):
    """Makes a folder and those above it; one that is there may be a failure."""

    types = ("CREATE_FOLDER",)

    def execute(self, result: Result, nr: int) -> Result:
        """Makes it. A file of that name is a failure in any case."""
        place = Place(self.text("foldername"))
        if place.exists():
            ok = place.is_folder() and not self.options.flag("fail_of_folder_exists", default=True)
            if not ok:
                self.log(f"{place.text} exists already", "ERROR")
            return self.done(result, ok)
        place.make_folder()
        return self.done(result)


class DeleteFolders(JobEntry):
    """Deletes folders with all that is inside. What is not there counts as deleted, a file is an error."""

    types = ("DELETE_FOLDERS",)

    def execute(self, result: Result, nr: int) -> Result:
        """Deletes them."""
        if self.options.flag("arg_from_previous"):
            wanted = [row[0] for row in result_rows(result)]
        else:
            wanted = [self.resolve(option.text("name")) for option in self.options.rows("fields/field")]
        tally = tally_of(self, "limit_folders")
        for path in (path for path in wanted if path):
            if tally.broken or self.run.stopped:
                break
            try:
                self._delete(Place(path))
            except KettleError as error:
                tally.bad += 1
                self.log(str(error), "ERROR")
            else:
                tally.good += 1
        return self.done(result, tally.success, tally.bad)

    def _delete(self, place: Place) -> None:
        if not place.exists():
            self.log(f"{place.text} does not exist", "DETAILED")
            return
        if not place.is_folder():
            raise KettleError(f"{place.text} is no folder", "delete it with Delete file")
        place.delete(deep=True)


class FolderIsEmpty(JobEntry):
    """True when a folder holds no file (that fits, if a wildcard is given). Lines input are its folders."""

    types = ("FOLDER_IS_EMPTY",)

    def execute(self, result: Result, nr: int) -> Result:
        """Looks."""
        place = Place(self.text("foldername"))
        if not place.is_folder():
            raise KettleError(f"entry {self.name!r}: {place.text} is no folder", "correct the name")
        mask = self.text("wildcard") if self.options.flag("specify_wildcard") else ""
        found = place.walk(deep=self.options.flag("include_subfolders"))
        folders = [inside for inside in found if inside.is_folder()]
        result.lines.input = len(folders)
        files = [inside for inside in found if inside not in folders and fits(inside.name, mask)]
        return self.done(result, not files)


class FoldersCompare(JobEntry):
    """True when two folders hold things of the same names and kinds; if wanted of the same size and content.

    As in Kettle the names count, not the sub-folders that the things are in.
    """

    types = ("FOLDERS_COMPARE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Compares; two files are compared by content."""
        one, two = Place(self.text("filename1")), Place(self.text("filename2"))
        for place in (one, two):
            if not place.exists():
                raise KettleError(f"entry {self.name!r}: {place.text} does not exist", "correct the name")
        if one.is_folder() != two.is_folder():
            self.log(f"{one.text} and {two.text} are not of the same kind", "ERROR")
            return self.done(result, False)
        if not one.is_folder():
            return self.done(result, one.same(two))
        left, right = self._inside(one), self._inside(two)
        same = len(left) == len(right) and {p.name for p in left} == {p.name for p in right}
        by_name = {place.name: place for place in right}
        return self.done(result, same and all(self._alike(place, by_name[place.name]) for place in left))

    def _inside(self, folder: Place) -> list[Place]:
        only = self.options.text("compareonly", default="all")
        mask = self.text("wildcard")
        wanted: dict[str, Callable[[Place], bool]] = {
            "all": lambda place: True,
            "only_files": lambda place: not place.is_folder(),
            "only_folders": lambda place: place.is_folder(),
            "specify": lambda place: fits(place.name, mask),
        }
        if only not in wanted:
            raise KettleError(f"entry {self.name!r}: cannot compare {only!r}", f"choose one of {', '.join(wanted)}")
        return [place for place in folder.walk(deep=self.options.flag("include_subfolders")) if wanted[only](place)]

    def _alike(self, one: Place, two: Place) -> bool:
        if one.is_folder() or two.is_folder():
            return one.is_folder() == two.is_folder()
        if self.options.flag("compare_filesize") and one.size() != two.size():
            return False
        return not self.options.flag("compare_filecontent") or one.same(two)
