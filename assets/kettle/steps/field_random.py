"""Random values and random credit card numbers."""

import hmac
import random
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import Derivation, Step
from assets.kettle.errors import StepError
from assets.kettle.text.card_numbers import RANDOM_CARDS, random_card
from assets.kettle.values.fields import Field, Layout, ValueType

INTEGER_MASK = "####0;-####0"
NUMBER_MASK = "####0.0#########;-####0.0#########"
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


def _base32(value: int) -> str:
    text = ""
    while value:
        value, digit = divmod(value, 32)
        text = _DIGITS[digit] + text
    return text or "0"


def _random_string() -> str:
    """A positive 64-bit number in base 32, as Kettle writes it: up to 13 characters."""
    return _base32(secrets.randbits(63))


def _mac(algorithm: str) -> Callable[[], str]:
    return lambda: hmac.new(secrets.token_bytes(64), b"", algorithm).hexdigest()


_S, _I, _N = ValueType.STRING, ValueType.INTEGER, ValueType.NUMBER
# type in the file: the field's type, length, precision, mask, and what makes a value
_KINDS: dict[str, tuple[ValueType, int, int, str | None, Callable[[], Any]]] = {
    "random number": (_N, 10, 5, NUMBER_MASK, random.random),
    "random integer": (_I, 10, 0, INTEGER_MASK, lambda: secrets.randbits(32) - (1 << 31)),
    "random string": (_S, 13, -1, None, _random_string),
    "random uuid": (_S, 36, -1, None, lambda: str(uuid.uuid1())),
    "random uuid4": (_S, 36, -1, None, lambda: str(uuid.uuid4())),
    "random machmacmd5": (_S, 100, -1, None, _mac("md5")),
    "random machmacsha1": (_S, 100, -1, None, _mac("sha1")),
    "random machmacsha256": (_S, 100, -1, None, _mac("sha256")),
    "random machmacsha384": (_S, 100, -1, None, _mac("sha384")),
    "random machmacsha512": (_S, 100, -1, None, _mac("sha512")),
}
_CODES = {
    "number": "random number",
    "integer": "random integer",
    "string": "random string",
    "uuid": "random uuid",
    "uuid4": "random uuid4",
    "random hmac md5": "random machmacmd5",
    "random hmac sha1": "random machmacsha1",
    "hmacmd5": "random machmacmd5",
    "hmacsha1": "random machmacsha1",
    "hmacsha256": "random machmacsha256",
    "hmacsha384": "random machmacsha384",
    "hmacsha512": "random machmacsha512",
}


class RandomValue(Step):
    """Adds random fields to each row; without an input it gives one row."""

    types = ("RandomValue",)
    copies_as_one = True

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the random ones."""
        layout = self.main(inputs)
        start = len(layout)
        self.makers = []
        for option in self.options.rows("fields/field"):
            code = option.text("type").strip().lower()
            known = _KINDS.get(_CODES.get(code, code))
            if known is None:
                raise StepError(self.name, f"unknown random type {option.text('type')!r}", "choose one of the list")
            kind, length, precision, mask, make = known
            layout = layout.plus(Field(option.text("name"), kind, length, precision, mask, origin=self.name))
            self.makers.append(make)
        self.new = layout.fields[start:]
        return layout

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Emits the rows with their random values."""
        self.emit(frame.with_columns(self._columns(frame.height)))

    def _columns(self, height: int) -> list[pl.Series]:
        return [
            pl.Series(item.name, [make() for _ in range(height)], dtype=item.dtype)
            for item, make in zip(self.new, self.makers, strict=True)
        ]

    def produce(self) -> Iterator[pl.DataFrame]:
        """One row when nothing comes in."""
        if not self.inputs:
            self.count(read=1)
            yield pl.DataFrame(self._columns(1))

    def derive(self) -> dict[str, Derivation]:
        """Random values have no source."""
        return {item.name: Derivation((), "random value") for item in self.new}


class RandomCCNumberGenerator(Step):
    """Made-up card numbers with a valid check digit, as many of each kind as are asked for."""

    types = ("RandomCCNumberGenerator",)

    def setup(self) -> None:
        """Reads kinds, lengths and amounts."""
        self.wanted: list[tuple[str, int, int]] = []
        for option in self.options.rows("fields/field"):
            kind = option.text("cctype").strip()
            if kind.lower() not in RANDOM_CARDS:
                raise StepError(self.name, f"unknown card type {kind!r}", f"choose one of {', '.join(RANDOM_CARDS)}")
            length, size = (option.text(tag).strip() for tag in ("cclen", "ccsize"))
            self.wanted.append((kind, int(length) if length.isdigit() else 16, int(size) if size.isdigit() else 1))

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The card number, its type and its length, as far as they have names."""
        kinds = (
            ("cardNumberFieldName", Field("", ValueType.STRING, origin=self.name)),
            ("cardTypeFieldName", Field("", ValueType.STRING, origin=self.name)),
            ("cardLengthFieldName", Field("", ValueType.INTEGER, 10, 0, INTEGER_MASK, origin=self.name)),
        )
        named = [(tag, item.but(name=self.text(tag))) for tag, item in kinds if self.text(tag)]
        self.tags = [tag for tag, _ in named]
        return Layout([item for _, item in named])

    def produce(self) -> Iterator[pl.DataFrame]:
        """The numbers."""
        rows = []
        for kind, length, size in self.wanted:
            name, prefixes = RANDOM_CARDS[kind.lower()]
            rows += [(random_card(prefixes, length), name, length) for _ in range(size)]
        self.count(read=len(rows))
        columns = {"cardNumberFieldName": 0, "cardTypeFieldName": 1, "cardLengthFieldName": 2}
        picked = [[row[columns[tag]] for row in rows] for tag in self.tags]
        yield pl.DataFrame(dict(zip(self.output.names, picked, strict=True)), schema=self.output.schema)
