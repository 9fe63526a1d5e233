"""Change file encoding: rewrites files named by fields."""

import codecs
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from assets.kettle.engine.step import RowStep
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.encodings import codec
from assets.kettle.formats.sources import open_path
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Layout

_CHUNK = 1 << 20


class ChangeFileEncoding(RowStep):
    """Each row names a source and a target file; the source's text is written to the target in another encoding.

    The target is put in place when the run has succeeded. Rows that fail have the code ChangeFileEncoding001.
    """

    types = ("ChangeFileEncoding",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields."""
        base = self.main(inputs)
        self.source = self.field(base, self.options.text("filenamefield"), "the source file field")
        self.target = self.field(base, self.options.text("targetfilenamefield"), "the target file field")
        if not self.text("targetencoding"):
            raise StepError(self.name, "the target encoding is empty", "choose it")
        self.encodings = [codec(self.text(tag) or "UTF-8") for tag in ("sourceencoding", "targetencoding")]
        return base

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows whose files were rewritten."""
        names = zip(
            to_text(frame[self.source.name], self.source), to_text(frame[self.target.name], self.target), strict=True
        )
        failed: dict[int, str] = {}
        for row, (source, target) in enumerate(names):
            try:
                if not source or not target:
                    raise KettleError("the name of the source or target file is empty")
                self._rewrite(source, target)
            except (KettleError, UnicodeError, OSError) as error:
                failed[row] = str(error)
        return frame.filter(self.split(frame, failed, self.source.name, "ChangeFileEncoding001")) if failed else frame

    def _rewrite(self, source: str, target: str) -> None:
        read, write = self.encodings
        staged: Path = self.run.outputs.stage(target, make_folder=self.options.flag("createparentfolder"))
        decoder = codecs.getincrementaldecoder(read)("replace")
        encoder = codecs.getincrementalencoder(write)("replace")
        with open_path(self.run, source) as stream, staged.open("wb") as handle:
            while chunk := stream.read(_CHUNK):
                handle.write(encoder.encode(decoder.decode(chunk)))
            handle.write(encoder.encode(decoder.decode(b"", True), True))
