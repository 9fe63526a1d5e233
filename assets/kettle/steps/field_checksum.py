"""Add a checksum: over the texts or bytes of fields."""

import hashlib
import zlib
from collections.abc import Callable, Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.text.columns import java_text, mapped
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType

_NUMBERS: dict[str, Callable[[bytes], int]] = {"CRC32": zlib.crc32, "ADLER32": zlib.adler32}
_DIGESTS = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA1": "sha1",
    "SHA-256": "sha256",
    "SHA256": "sha256",
    "SHA-384": "sha384",
    "SHA384": "sha384",
    "SHA-512": "sha512",
    "SHA512": "sha512",
}
_BINARY = pl.Binary()


def _compatible(digest: bytes) -> str:
    """The hexadecimal text of old versions, which read the digest as UTF-8 text first and so is damaged."""
    return "".join(f"{ord(char) & 0xFF:02X}" for char in digest.decode("utf-8", "replace"))


class CheckSum(RowStep):
    """CRC32 and ADLER32 give an Integer; MD5 and the SHA family a text of numbers, a hexadecimal text, or bytes.

    Fields are taken as Java's toString (no mask), or by their masks with "Pentaho strings". Null adds nothing, except
    in the old mode, where it adds the word null. Files without the tag for the old modes mean them.
    """

    types = ("CheckSum",)

    def setup(self) -> None:
        """Reads the kind of checksum."""
        self.kind = self.options.text("checksumtype", default="CRC32").upper()
        if self.kind not in _NUMBERS and self.kind not in _DIGESTS:
            raise StepError(self.name, f"unknown checksum type {self.kind!r}", "choose CRC32, ADLER32, MD5, SHA-1, ...")
        self.result = self.options.text("resultType", default="string").lower()
        kettle = self.options.element.tag == "step"  # Hop has no compatible mode
        self.compatible = kettle and self.options.flag(
            "compatibilityMode", default=not self.options.has("compatibilityMode")
        )
        method = self.options.text("evaluationMethod").upper()
        old = self.options.flag("oldChecksumBehaviour", default=not self.options.has("oldChecksumBehaviour"))
        self.method = method or ("NATIVE_STRINGS" if old else "BYTES")
        self.separator = self.text("fieldSeparatorString", "separator")
        self.prefix, self.suffix = self.text("prefix"), self.text("suffix")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the checksum."""
        base = self.main(inputs)
        names = [o.text("name") for o in self.options.rows("fields/field")]
        self.summed = [self.field(base, name) for name in names] or base.fields
        kind = ValueType.INTEGER if self.kind in _NUMBERS else ValueType.STRING
        if kind is ValueType.STRING and self.result in ("binay", "binary"):
            kind = ValueType.BINARY
        name = self.text("resultfieldName")
        if not name:
            raise StepError(self.name, "the result field has no name", "name it")
        mask = "####0;-####0" if kind is ValueType.INTEGER else None
        layout = base.plus(Field(name, kind, mask=mask, origin=self.name))
        self.target = layout.fields[-1]
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with their checksums."""
        values, _ = mapped(self._content(frame), self._sum(), self.target.dtype)
        return frame.with_columns(values.alias(self.target.name))

    def _content(self, frame: pl.DataFrame) -> pl.Series:
        """The bytes of each row that are summed."""
        parts = [self._part(frame[item.name], item) for item in self.summed]
        if any(part.dtype == _BINARY for part in parts):
            rows = zip(*(part.cast(_BINARY) for part in parts), strict=True)
            joint = self.separator.encode()
            joined = [joint.join(p for p in row if p is not None) for row in rows]
            content = pl.Series([self.prefix.encode() + j + self.suffix.encode() for j in joined], dtype=_BINARY)
            return content
        text = pl.concat_str([pl.lit(p) for p in parts], separator=self.separator, ignore_nulls=True)
        return pl.select(pl.lit(self.prefix) + text + pl.lit(self.suffix)).to_series().cast(_BINARY)

    def _part(self, column: pl.Series, item: Field) -> pl.Series:
        if self.method == "PENTAHO_STRINGS":
            return to_text(column, item)
        if item.type is ValueType.BINARY and self.method == "BYTES":
            return column
        text = java_text(column, item)
        return text.fill_null("null") if self.method == "NATIVE_STRINGS" else text

    def _sum(self) -> Callable[[bytes], int | str | bytes]:
        """The function of a row's bytes."""
        if self.kind in _NUMBERS:
            return _NUMBERS[self.kind]
        digest = getattr(hashlib, _DIGESTS[self.kind])
        if self.target.type is ValueType.BINARY:
            return lambda content: digest(content, usedforsecurity=False).digest()
        if self.result != "hexadecimal":
            return lambda content: "-".join(str(byte) for byte in digest(content, usedforsecurity=False).digest())
        if self.compatible:
            return lambda content: _compatible(digest(content, usedforsecurity=False).digest())
        return lambda content: digest(content, usedforsecurity=False).hexdigest()

    def derive(self) -> dict[str, Derivation]:
        """The checksum comes from the summed fields."""
        source = next(iter(self.inputs), "")
        return {self.target.name: Derivation(tuple(Ref(f.name, source) for f in self.summed), f"{self.kind} checksum")}
