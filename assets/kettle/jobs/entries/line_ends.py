"""The entry that changes line ends between DOS and UNIX."""

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import chosen, padded, result_rows, tally_of
from assets.kettle.jobs.places import CHUNK, Place

GUESS, TO_UNIX, TO_DOS = "guess", "dostounix", "unixtodos"


class LineEnds(JobEntry):
    """Writes files anew with the other line ends; `guess` turns UNIX files to DOS and DOS files to UNIX."""

    types = ("DOS_UNIX_CONVERTER",)

    def execute(self, result: Result, nr: int) -> Result:
        """Converts; lines written are the files done, rejected those that failed."""
        if self.options.flag("arg_from_previous"):
            wanted = [padded(row, 3)[:3] for row in result_rows(result)]
        else:
            tags = ("source_filefolder", "wildcard", "ConversionType")
            wanted = [[self.resolve(o.text(tag)) for tag in tags] for o in self.options.rows("fields/field")]
        tally = tally_of(self, strict=True)
        added = self.options.text("resultfilenames", default="nothing")
        for path, mask, how in wanted:
            for place in self._files(path, mask):
                if tally.broken or self.run.stopped:
                    break
                try:
                    convert(place, how.lower() or GUESS)
                except KettleError as error:
                    tally.bad += 1
                    self.log(str(error), "ERROR")
                    ok = False
                else:
                    tally.good += 1
                    ok = True
                if added == "all_filenames" or added == ("only_processed_filenames" if ok else "only_error_filenames"):
                    self.add_file(result, place.text)
        errors = 0 if tally.success else tally.bad
        result = tally.into(result)
        result.lines.rejected = tally.bad
        return self.done(result, result.ok, errors)

    def _files(self, path: str, mask: str) -> list[Place]:
        place = Place(path)
        if not place.exists():
            raise KettleError(f"entry {self.name!r}: {place.text} does not exist", "correct the name")
        return chosen(place, mask, deep=self.options.flag("include_subfolders"))


def convert(place: Place, how: str) -> None:
    """Changes the line ends of a file in place. A lone CR stays. Raises KettleError when it cannot be written."""
    if how not in (GUESS, TO_UNIX, TO_DOS):
        raise KettleError(f"unknown conversion {how!r}", f"choose {GUESS}, {TO_UNIX} or {TO_DOS}")
    with place.open() as source, place.writing() as target:
        if how == GUESS:
            lone = pairs = 0
            rest = b""
            while data := source.read(CHUNK):
                data = rest + data
                pairs += data.count(b"\r\n")
                lone += data.count(b"\n")
                rest = data[-1:] if data.endswith(b"\r") else b""
            how = TO_UNIX if lone == pairs else TO_DOS
            source.seek(0)
        rest = b""
        while data := source.read(CHUNK):
            data = rest + data
            rest = b"\r" if data.endswith(b"\r") else b""
            plain = data[: len(data) - len(rest)].replace(b"\r\n", b"\n")
            target.write(plain if how == TO_UNIX else plain.replace(b"\n", b"\r\n"))
        target.write(rest)
