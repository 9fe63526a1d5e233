"""Text file input: delimited and fixed-width files in all of Kettle's layouts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from assets.kettle.engine.outputs import local_path
from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.columns import (
    Column,
    Parsed,
    Repeater,
    declared,
    described,
    integer_field,
    number,
    parse_columns,
)
from assets.kettle.formats.fast_csv import Dialect
from assets.kettle.formats.file_list import FileFacts, FileRule, expand, facts, file_rules, plain_path, wanted_facts
from assets.kettle.formats.sources import open_compressed
from assets.kettle.formats.text_lines import BrokenLines
from assets.kettle.formats.text_reader import LineFilter, Taken, TextShape, text_frames
from assets.kettle.model import Options
from assets.kettle.values.fields import Field, Layout


@dataclass(slots=True)
class Work:
    """One file to read and the input row that goes along with its rows."""

    path: str
    passed: pl.DataFrame | None = None


class TextFileInput(Step):
    """Reads the listed files, or those whose names come in a field.

    As measured: every line counts as input, header lines too; each file finished counts as updated. A value that cannot
    be read stops the run unless errors are ignored; then it is null (before a repeat fills it) and the error fields
    tell, or the line is skipped. The row number is that of the rows sent, or of the file's lines.
    """

    types = ("TextFileInput", "TextFileInput2", "TextFileInputV2", "OldTextFileInput")

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.columns = [self._column(f) for f in o.rows("fields/field")]
        self.shape = self._shape()
        self.compression = self.text("file/compression", default="None")
        self.from_field = o.flag("accept_filenames")
        self.passing = self.from_field and o.flag("passing_through_fields")
        self.ignore = o.flag("error_ignored")
        self.skip = self.ignore and o.flag("error_line_skipped")
        self.limit = max(0, self.integer("limit"))
        self.by_file = o.flag("rownumByFile")
        tags = ("error_count_field", "error_fields_field", "error_text_field")
        self.error_names = [self.options.text(tag) if self.ignore else "" for tag in tags]
        self.include = self.options.text("include_field") if o.flag("include") else ""
        self.rownum = self.options.text("rownum_field") if o.flag("rownum") else ""
        self.facts = wanted_facts(o)
        self.work: list[Work] = []

    def _column(self, option: Options) -> Column:
        field = declared(option, self.name)
        if field.is_date:
            lenient = self.options.flag("date_format_lenient")
            field = field.but(lenient=lenient, locale=self.options.text("date_format_locale") or None)
        return Column(
            field,
            null_if=option.text("nullif"),
            if_null=option.text("ifnull"),
            repeat=option.flag("repeat"),
            position=number(option.text("position")),
        )

    def _shape(self) -> TextShape:
        o = self.options
        fixed = o.text("file/type", default="CSV").upper().startswith("FIXED")
        dialect = Dialect(self.text("separator", default=";"), self.text("enclosure"), self.text("escapechar"))
        line_format = o.text("format", default="mixed").upper()
        filters = tuple(
            LineFilter(
                self.resolve(f.text("filter_string")),
                number(f.text("filter_position")),
                f.flag("filter_is_positive"),
                f.flag("filter_is_last_line"),
            )
            for f in o.rows("filters/filter")
        )
        paged = o.flag("layout_paged")
        return TextShape(
            dialect=dialect,
            width=len(self.columns),
            slices=tuple((c.position, c.field.length) for c in self.columns) if fixed else (),
            line_format=line_format if line_format in ("DOS", "UNIX") else "MIXED",
            encoding=self.text("encoding"),
            header=self.integer("nr_headerlines", default=1) if o.flag("header") else 0,
            footer=self.integer("nr_footerlines", default=1) if o.flag("footer") else 0,
            wraps=self.integer("nr_wraps") if o.flag("line_wrapped") else 0,
            page=self.integer("nr_lines_per_page") if paged else 0,
            page_head=self.integer("nr_lines_doc_header") if paged else 0,
            skip_empty=o.flag("noempty"),
            filters=filters,
            byte_slices=fixed and o.text("length").lower() == "bytes" and bool(self.text("encoding")),
        )

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Fields that are passed on, the declared ones, error fields, file name, row number, facts of the file."""
        self.incoming = next(iter(inputs.values()), Layout())
        own = [c.field for c in self.columns]
        for position, name in enumerate(self.error_names):
            if name:
                own.append(Field(name, origin=self.name) if position else integer_field(name, self.name))
        if self.include:
            own.append(Field(self.include, length=100, origin=self.name))
        if self.rownum:
            own.append(integer_field(self.rownum, self.name))
        own += [fact.named(name, self.name) for name, fact in self.facts]
        layout = Layout([*(self.incoming if self.passing else []), *own])
        if self.shape.slices and any(start < 0 or length < 0 for start, length in self.shape.slices):
            raise StepError(self.name, "a fixed-width field has no position or length", "give both for every field")
        return layout

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Takes file names (folders give their files)."""
        if not self.from_field:
            raise StepError(self.name, "rows come in, but the step does not accept file names", "remove the hop")
        name = self.field(self.incoming, self.options.text("accept_field"), "the file name field").name
        rules = file_rules(self.options, self.resolve)
        like = rules[0] if rules else FileRule("")
        for i, path in enumerate(frame[name]):
            if path:
                passed = frame[i] if self.passing else None
                named = replace(like, path=self.resolve(str(path)))
                local = local_path(named.path)
                folder = local is not None and local.is_dir()
                self.work += [Work(p, passed) for p in (expand([named]) if folder else [plain_path(named.path)])]

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows of all files."""
        if not self.from_field:
            try:
                self.work = [Work(p) for p in expand(file_rules(self.options, self.resolve))]
            except KettleError as error:
                raise StepError(self.name, str(error)) from error
        self.sent = 0
        self.repeater = Repeater(self.columns)
        self.taken_before = 0
        for work in self.work:
            yield from self._file(work)
            self.count(updated=1)
            if self.limit and self.taken_before >= self.limit:
                return

    def _file(self, work: Work) -> Iterator[pl.DataFrame]:
        if self.options.flag("add_to_result_filenames"):
            self.run.result.files.append(ResultFile(work.path, origin=self.name))
        taken = Taken()
        known, line = facts(work.path), 0
        try:
            with open_compressed(self.run, work.path, self.compression) as stream:
                counted = 0
                for texts in text_frames(stream, self.shape, taken):
                    texts = self._limited(texts, taken)
                    self.count(input=taken.lines - counted)
                    counted = taken.lines
                    frame = self._frame(texts, work, known, line)
                    line += texts.height
                    yield frame
                    if self.limit and self.taken_before + taken.lines >= self.limit:
                        break
                self.count(input=taken.lines - counted)
        except BrokenLines as error:
            raise StepError(self.name, f"{work.path}: {error}", "set the file format to mixed") from error
        except KettleError as error:
            if isinstance(error, StepError):
                raise
            if not (self.ignore and self.options.flag("skip_bad_files")):
                raise StepError(self.name, str(error)) from error
            self.log(f"skipped: {error}", "ERROR")
        self.taken_before += taken.lines

    def _limited(self, texts: pl.DataFrame, taken: Taken) -> pl.DataFrame:
        """The limit counts all lines taken, the header's too."""
        over = self.taken_before + taken.lines - self.limit
        if self.limit and over > 0:
            taken.lines -= over
            return texts.head(max(0, texts.height - over))
        return texts

    def _frame(self, texts: pl.DataFrame, work: Work, known: FileFacts, line: int) -> pl.DataFrame:
        parsed = parse_columns(texts.get_columns(), self.columns)
        height = texts.height
        frame = pl.DataFrame(parsed.columns)
        first = line if self.by_file else self.sent
        if parsed.failures and not self.ignore:
            row, found = min(parsed.failures.items())
            raise StepError(self.name, f"{work.path}: {self._message(texts, found[0][0], row, first + row + 1)}")
        keep = None
        if parsed.failures and self.skip:
            keep = pl.Series([True]).new_from_index(0, height).scatter(sorted(parsed.failures), False)
        frame = frame.with_columns(self._errors(texts, parsed, first))
        extra: list[pl.Expr] = [pl.lit(known.path).alias(self.include)] if self.include else []
        if self.rownum and self.by_file:
            extra.append((pl.int_range(pl.len(), dtype=pl.Int64) + line + 1).alias(self.rownum))
        if keep is not None:
            frame = frame.with_columns(extra).filter(keep)
            extra = []
        if self.rownum and not self.by_file:
            extra.append((pl.int_range(pl.len(), dtype=pl.Int64) + self.sent + 1).alias(self.rownum))
        extra += [pl.lit(getattr(known, f.fact), dtype=self.output[n].dtype).alias(n) for n, f in self.facts]
        frame = self.repeater.fill(frame.with_columns(extra))
        self.sent += frame.height
        return self._with_passed(frame, work)

    def _with_passed(self, frame: pl.DataFrame, work: Work) -> pl.DataFrame:
        if work.passed is None:
            return frame
        passed = work.passed.select(pl.all().repeat_by(frame.height).explode(empty_as_null=False))
        columns = [*passed.get_columns(), *frame.get_columns()]
        return pl.DataFrame([c.alias(name) for c, name in zip(columns, self.output.names, strict=True)])

    def _errors(self, texts: pl.DataFrame, parsed: Parsed, first: int) -> Sequence[pl.Series]:
        count, fields, text = self.error_names
        height = texts.height
        counts, names, messages = [0] * height, [""] * height, [""] * height
        if any(self.error_names):
            for row, found in parsed.failures.items():
                counts[row] = len(found)
                names[row] = "\t".join(self.columns[position].field.name for position, _ in found)
                messages[row] = "\n".join(self._message(texts, position, row, first + row + 1) for position, _ in found)
        made = []
        if count:
            made.append(pl.Series(count, counts, pl.Int64))
        if fields:
            made.append(pl.Series(fields, names, pl.String))
        if text:
            made.append(pl.Series(text, messages, pl.String))
        return made

    def _message(self, texts: pl.DataFrame, position: int, row: int, line: int) -> str:
        field = self.columns[position].field
        value = texts.to_series(position)[row]
        mask = field.mask or "null"
        about = f"[{described(field)}] with value [{value}], format [{mask}]"
        return f"Couldn't parse field {about} on data row [{line}]."

    def reads(self) -> list[DataSet]:
        """The files as named."""
        names = {c.field.name: c.field.name for c in self.columns}
        return [DataSet("file", "", rule.path, names) for rule in file_rules(self.options, self.resolve)]

    def derive(self) -> dict[str, Derivation]:
        """Each field comes from its column of the file."""
        rules = file_rules(self.options, self.resolve)
        path = rules[0].path if rules and not self.from_field else ""
        return {
            c.field.name: Derivation((Ref(c.field.name, dataset=path),), f"read as {c.field.type}")
            for c in self.columns
        }
