"""Entries that load text files into tables in bulk, or write them from one."""

import re
from pathlib import Path
from typing import ClassVar

import polars as pl

from assets.kettle.database.connection import Database
from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entries.databases import DatabaseEntry
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.places import Place


class BulkLoad(DatabaseEntry):
    """Loads a delimited text file into a table of MySQL or SQL Server, the way the server offers for that."""

    def execute(self, result: Result, nr: int) -> Result:
        """Loads; lines input are the rows that the server counts."""
        place = Place(self.text("filename"))
        if place.local is None or not place.exists():
            raise KettleError(f"entry {self.name!r}: there is no local file {place.text}", "correct the file name")
        with self.database() as database:
            if self.options.flag("truncate"):
                database.truncate(self.table(database))
            result.lines.input = database.execute(self.statement(database, place.local))
        if self.options.flag("addfiletoresult"):
            self.add_file(result, place.text)
        return self.done(result)

    def statement(self, database: Database, path: Path) -> str:
        """The server's statement."""
        raise NotImplementedError


def _literal(text: str) -> str:
    """A text for SQL; SQL Server itself reads `\\t` and such in separators."""
    return "'" + text.replace("'", "''") + "'"


_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\0": "\0", "\\\\": "\\"}


def _mysql_literal(text: str) -> str:
    """A text for MySQL, where a backslash escapes: `\\t` and such are read first."""
    plain = re.sub(r"\\[tnr0\\]", lambda found: _ESCAPES[found.group()], text)
    return "'" + plain.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _needs(entry: JobEntry, database: Database, dialect: str) -> None:
    if database.dialect != dialect:
        raise KettleError(
            f"entry {entry.name!r} loads into {dialect}, the connection is {database.dialect}",
            "use the bulk load of that database, or a transformation",
        )


class MysqlBulkLoad(BulkLoad):
    """LOAD DATA INFILE."""

    types = ("MYSQL_BULK_LOAD",)

    def statement(self, database: Database, path: Path) -> str:
        """LOAD DATA with the entry's separators."""
        _needs(self, database, "mysql")
        priority = {"1": "LOW_PRIORITY ", "2": "CONCURRENT "}.get(self.options.text("prorityvalue"), "")
        local = "LOCAL " if self.options.flag("localinfile", default=True) else ""
        replace = "REPLACE" if self.options.flag("replacedata") else "IGNORE"
        fields = [("TERMINATED BY", "separator"), ("ENCLOSED BY", "enclosed"), ("ESCAPED BY", "escaped")]
        lines = [("STARTING BY", "linestarted"), ("TERMINATED BY", "lineterminated")]
        parts = [
            f"LOAD DATA {priority}{local}INFILE {_mysql_literal(str(path))} {replace} INTO TABLE {self.table(database)}"
        ]
        for word, options in (("FIELDS", fields), ("LINES", lines)):
            said = [f"{name} {_mysql_literal(self.text(tag))}" for name, tag in options if self.text(tag)]
            parts += [word, *said] if said else []
        if ignored := self.integer("ignorelines"):
            parts.append(f"IGNORE {ignored} LINES")
        if columns := [c.strip() for c in self.text("listattribut").split(",") if c.strip()]:
            parts.append(f"({', '.join(database.quote(c.strip('`')) for c in columns)})")
        return " ".join(parts)


class MssqlBulkLoad(BulkLoad):
    """BULK INSERT; the file is read by the server."""

    types = ("MSSQL_BULK_LOAD",)
    FLAGS: ClassVar[dict[str, str]] = {
        "firetriggers": "FIRE_TRIGGERS",
        "checkconstraints": "CHECK_CONSTRAINTS",
        "keepnulls": "KEEPNULLS",
        "keepidentity": "KEEPIDENTITY",
        "tablock": "TABLOCK",
    }
    NUMBERS: ClassVar[dict[str, str]] = {
        "startfile": "FIRSTROW",
        "endfile": "LASTROW",
        "maxerrors": "MAXERRORS",
        "batchsize": "BATCHSIZE",
        "rowsperbatch": "ROWS_PER_BATCH",
    }
    TEXTS: ClassVar[dict[str, str]] = {
        "fieldterminator": "FIELDTERMINATOR",
        "lineterminated": "ROWTERMINATOR",
        "formatfilename": "FORMATFILE",
        "errorfilename": "ERRORFILE",
    }

    def statement(self, database: Database, path: Path) -> str:
        """BULK INSERT with the entry's options."""
        _needs(self, database, "tsql")
        said = [f"DATAFILETYPE = {_literal(self.text('datafiletype', default='char'))}"]
        page = self.text("codepage", default="OEM")
        said.append(f"CODEPAGE = {_literal(self.text('specificcodepage') if page == 'Specific' else page)}")
        said += [f"{word} = {_literal(self.text(tag))}" for tag, word in self.TEXTS.items() if self.text(tag)]
        said += [f"{word} = {n}" for tag, word in self.NUMBERS.items() if (n := self.integer(tag)) > 0]
        said += [word for tag, word in self.FLAGS.items() if self.options.flag(tag)]
        if order := self.text("orderby"):
            direction = "DESC" if self.options.text("orderdirection").lower().startswith("desc") else "ASC"
            said.append(f"ORDER ({', '.join(f'{database.quote(c.strip())} {direction}' for c in order.split(','))})")
        return f"BULK INSERT {self.table(database)} FROM {_literal(str(path))} WITH ({', '.join(said)})"


class MysqlBulkFile(DatabaseEntry):
    """Writes a table into a delimited text file, read through the connection."""

    types = ("MYSQL_BULK_FILE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Writes; lines output are its rows. A file that exists is replaced, kept or an error, as chosen."""
        place = Place(self.text("filename"))
        rule = self.options.text("iffileexists", default="2")
        if place.exists() and rule in ("1", "2"):
            if rule == "2":
                raise KettleError(f"entry {self.name!r}: {place.text} exists already", "remove it")
            return self.done(result)
        with self.database() as database, place.writing() as stream:
            columns = [c.strip() for c in self.text("listcolumn").split(",") if c.strip()]
            picked = ", ".join(database.quote(c.strip("`")) for c in columns) or "*"
            limit = self.integer("limitlines")
            sql = f"SELECT {picked} FROM {self.table(database)}" + (f" LIMIT {limit}" if limit > 0 else "")
            result.lines.output = 0
            for frame in database.query(sql):
                result.lines.output += frame.height
                stream.write(self._lines(frame))
        if self.options.flag("addfiletoresult"):
            self.add_file(result, place.text)
        return self.done(result)

    def _lines(self, frame: pl.DataFrame) -> bytes:
        separator, quote = (
            self.text(tag).replace("\\t", "\t") or default for tag, default in (("separator", "\t"), ("enclosed", ""))
        )
        end = self.text("lineterminated").replace("\\n", "\n").replace("\\r", "\r") or "\n"
        some = self.options.flag("optionenclosed")
        texts = []
        for name in frame.columns:
            column = frame[name].cast(pl.String).fill_null("\\N")
            quoted = quote and (not some or frame.schema[name] == pl.String)
            texts.append(pl.lit(quote) + column + pl.lit(quote) if quoted else pl.lit(column))
        lines = frame.select(pl.concat_str(texts, separator=separator).alias("line"))["line"]
        return "".join(f"{line}{end}" for line in lines).encode()
