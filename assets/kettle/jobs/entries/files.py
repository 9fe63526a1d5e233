"""Entries on single files: exists, create, delete, compare, write."""

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import chosen, fits, named_files
from assets.kettle.jobs.places import Place


class FileExists(JobEntry):
    """True when a file or folder is there."""

    types = ("FILE_EXISTS",)

    def execute(self, result: Result, nr: int) -> Result:
        """Looks."""
        return self.done(result, Place(self.text("filename")).exists())


class FilesExist(JobEntry):
    """True when all of several files or folders are there; a wildcard wants a file inside that fits."""

    types = ("FILES_EXIST",)

    def execute(self, result: Result, nr: int) -> Result:
        """Looks for each; those missing are named in the log."""
        missing = 0
        for option in self.options.rows("fields/field"):
            place, mask = Place(self.resolve(option.text("name"))), self.resolve(option.text("filemask"))
            exclude = self.resolve(option.text("exclude_filemask"))
            there = place.exists()
            if there and mask and place.is_folder():
                there = bool(chosen(place, mask, deep=option.flag("include_subfolders"), exclude=exclude))
            if not there:
                missing += 1
                self.log(f"{place.text} {f'with {mask} ' if mask else ''}does not exist")
        return self.done(result, not missing)


class CreateFile(JobEntry):
    """Makes an empty file; one that is there stays as it is, or is a failure."""

    types = ("CREATE_FILE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Makes it."""
        place = Place(self.text("filename"))
        if place.exists():
            ok = not self.options.flag("fail_if_file_exists", default=True)
            if not ok:
                self.log(f"{place.text} exists already", "ERROR")
            result = self.done(result, ok)
        else:
            with place.writing():
                pass  # nothing is written: the file is empty
            result = self.done(result)
        if result.ok and self.options.flag("add_filename_result"):
            self.add_file(result, place.text)
        return result


class DeleteFile(JobEntry):
    """Deletes a file; one that is not there is no failure unless told so."""

    types = ("DELETE_FILE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Deletes it."""
        place = Place(self.text("filename"))
        if not place.exists():
            ok = not self.options.flag("fail_if_file_not_exists")
            if not ok:
                self.log(f"{place.text} does not exist", "ERROR")
            return self.done(result, ok)
        place.delete()
        return self.done(result)


class DeleteFiles(JobEntry):
    """Deletes files, and files inside folders; folders stay. What is not there counts as deleted."""

    types = ("DELETE_FILES",)

    def execute(self, result: Result, nr: int) -> Result:
        """Deletes them; errors are the paths that failed."""
        failed = 0
        for path, mask in named_files(self, result):
            try:
                place = Place(path)
                if place.exists():
                    for found in chosen(place, mask, deep=self.options.flag("include_subfolders")):
                        found.delete()
            except KettleError as error:
                failed += 1
                self.log(str(error), "ERROR")
        return self.done(result, not failed, failed)


class FileCompare(JobEntry):
    """True when two files have the same bytes; a file that is missing is an error."""

    types = ("FILE_COMPARE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Compares."""
        one, two = Place(self.text("filename1")), Place(self.text("filename2"))
        for place in (one, two):
            if not place.exists():
                raise KettleError(f"entry {self.name!r}: {place.text} does not exist", "correct the file name")
        result = self.done(result, one.same(two))
        if self.options.flag("add_filename_result"):
            for place in (one, two):
                self.add_file(result, place.text)
        return result


class WriteToFile(JobEntry):
    """Writes a text into a file, over it or at its end."""

    types = ("WRITE_TO_FILE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Writes it."""
        place = Place(self.text("filename"))
        if self.options.flag("createParentFolder"):
            place.parent.make_folder()
        encoding = self.text("encoding") or "utf-8"
        try:
            data = self.text("content").encode(encoding)
        except (LookupError, UnicodeEncodeError) as error:
            raise KettleError(f"entry {self.name!r}: {error}", "choose another encoding") from error
        with place.writing(append=self.options.flag("appendFile")) as stream:
            stream.write(data)
        return self.done(result)


class ResultFilenames(JobEntry):
    """Names files, and files inside folders, as files of the result."""

    types = ("ADD_RESULT_FILENAMES",)

    def execute(self, result: Result, nr: int) -> Result:
        """Names them; errors are the paths that are not there."""
        if self.options.flag("delete_all_before"):
            result.files = []
        failed = 0
        for path, mask in named_files(self, result):
            place = Place(path)
            if not place.exists():
                failed += 1
                self.log(f"{place.text} does not exist", "ERROR")
                continue
            known = {file.path for file in result.files}
            for found in chosen(place, mask, deep=self.options.flag("include_subfolders")):
                if found.text not in known:
                    self.add_file(result, found.text)
        return self.done(result, not failed, failed)


class ForgetResultFilenames(JobEntry):
    """Takes files out of the result: all, or those whose names fit. The files stay."""

    types = ("DELETE_RESULT_FILENAMES",)

    def execute(self, result: Result, nr: int) -> Result:
        """Takes them out."""
        mask, exclude = self.text("wildcard"), self.text("wildcardexclude")
        all_of_them = not self.options.flag("specify_wildcard")
        result.files = [
            file for file in result.files if not (all_of_them or fits(file.path.rsplit("/", 1)[-1], mask, exclude))
        ]
        return self.done(result)
