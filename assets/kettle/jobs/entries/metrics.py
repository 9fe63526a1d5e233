"""The entry that asks how many files there are, or how large they are together."""

from decimal import Decimal, InvalidOperation

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import chosen, fits, result_rows
from assets.kettle.jobs.places import Place

SCALES = {"bytes": 1, "kbytes": 1 << 10, "mbytes": 1 << 20, "gbytes": 1 << 30}


class FilesMetrics(JobEntry):
    """Compares the number or the total size of files with a value or two."""

    types = ("EVAL_FILES_METRICS",)

    def execute(self, result: Result, nr: int) -> Result:
        """Counts and compares; a path that is not there is an error but does not decide."""
        count = size = errors = 0
        for path, mask, deep in self._wanted(result):
            place = Place(path)
            if not place.exists():
                errors += 1
                self.log(f"{place.text} does not exist", "ERROR")
                continue
            for found in chosen(place, mask, deep=deep):
                count, size = count + 1, size + found.size()
        by_size = self.options.text("evaluation_type", default="size") == "size"
        scale = SCALES.get(self.options.text("scale", default="bytes"), 1) if by_size else 1
        return self.done(result, self._compare(Decimal(size if by_size else count), scale), errors)

    def _wanted(self, result: Result) -> list[tuple[str, str, bool]]:
        where = self.options.text("source_files", default="files")
        if where == "filenamesresult":
            mask = self.text("result_filenames_wildcard")
            return [(f.path, "", False) for f in result.files if fits(f.path.rsplit("/", 1)[-1], mask)]
        if where == "previousresult":
            names = result.rows.layout.names
            tags = ("Result_field_file", "Result_field_wildcard", "Result_field_includesubfolders")
            fields = [self.text(tag) for tag in tags]
            for name in (name for name in fields if name and result_rows(result)):
                if name not in names:
                    raise KettleError(f"entry {self.name!r}: the result rows have no field {name!r}", "correct it")
            found = []
            for row in result_rows(result):
                path, mask, deep = (row[names.index(name)] if name else "" for name in fields)
                found.append((self.resolve(path), self.resolve(mask), deep.upper() == "Y"))
            return found
        return [
            (self.resolve(o.text("source_filefolder")), self.resolve(o.text("wildcard")), o.flag("include_subFolders"))
            for o in self.options.rows("fields/field")
        ]

    def _number(self, tag: str, scale: int) -> Decimal:
        try:
            return Decimal(self.text(tag).strip()) * scale
        except InvalidOperation:
            raise KettleError(f"entry {self.name!r}: {tag} is {self.text(tag)!r}, not a number", "correct it") from None

    def _compare(self, value: Decimal, scale: int) -> bool:
        condition = self.options.text("successnumbercondition", default="greater")
        if condition == "between":
            return self._number("minvalue", scale) <= value <= self._number("maxvalue", scale)
        if condition not in COMPARISONS:
            raise KettleError(f"entry {self.name!r}: unknown condition {condition!r}", "choose a known one")
        return value.compare(self._number("comparevalue", scale)) in COMPARISONS[condition]


# the outcomes of a comparison (-1, 0, 1) that make a condition true
COMPARISONS = {
    "equal": (0,),
    "different": (-1, 1),
    "smaller": (-1,),
    "smallequal": (-1, 0),
    "smallerequal": (-1, 0),
    "greater": (1,),
    "greaterequal": (0, 1),
}
