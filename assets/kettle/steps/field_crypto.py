"""Symmetric encryption of fields, and keys for it."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep, Step
from assets.kettle.errors import StepError
from assets.kettle.files.passwords import reveal
from assets.kettle.text.columns import mapped_rows
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType

INTEGER_MASK = "####0;-####0"
_NAMES = {"aes": "AES", "des": "DES", "tripledes": "DESede", "desede": "DESede"}


def _cipher(algorithm: str, mode: str, key: bytes) -> Any:
    """A cipher object of the `cryptography` package. Raises ValueError for a wrong key length."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    if mode.upper() not in ("", "ECB"):
        raise ValueError(f"mode {mode} needs an initial vector, which this step has nowhere to keep")
    if algorithm == "DES" and len(key) != 8:
        raise ValueError("a DES key has 8 bytes")
    # DES is Triple DES with three times the same key
    made = AES(key) if algorithm == "AES" else TripleDES(key * 3 if algorithm == "DES" else key)
    return Cipher(made, modes.ECB())  # noqa: S305  # what the files ask for


def crypt(algorithm: str, scheme: str, key: bytes, data: bytes, *, encrypt: bool) -> bytes:
    """Data encrypted or decrypted by Java's cipher of that name (scheme `ALGORITHM/MODE/PADDING`).

    Raises:
        ValueError: wrong key length, mode, padding, or damaged data.
    """
    from cryptography.hazmat.primitives.padding import PKCS7

    _, _, rest = scheme.partition("/")
    mode, _, padding = rest.partition("/")
    if padding.lower() not in ("", "pkcs5padding", "pkcs7padding", "nopadding"):
        raise ValueError(f"padding {padding} is not known")
    padded = padding.lower() != "nopadding"
    cipher = _cipher(algorithm, mode, key)
    block = cipher.algorithm.block_size
    if encrypt:
        worker = cipher.encryptor()
        if padded:
            filler = PKCS7(block).padder()
            data = filler.update(data) + filler.finalize()
        return bytes(worker.update(data) + worker.finalize())
    worker = cipher.decryptor()
    plain = worker.update(data) + worker.finalize()
    if padded:
        remover = PKCS7(block).unpadder()
        plain = remover.update(plain) + remover.finalize()
    return bytes(plain)


class SymmetricCryptoTrans(RowStep):
    """Encrypts a text to hexadecimal digits, or decrypts such digits to text, with AES, DES or Triple DES.

    The key is hexadecimal, in the step or in a field, or binary in a field. Modes other than ECB are refused: the
    original neither stores nor takes an initial vector. Rows that fail have the code EncDecr001.
    """

    types = ("SymmetricCryptoTrans",)

    def setup(self) -> None:
        """Reads algorithm and key; the key never shows in messages."""
        code = self.options.text("algorithm").strip().lower()
        if code not in _NAMES:
            raise StepError(self.name, f"unknown algorithm {code!r}", "choose AES, DES or TripleDES")
        self.algorithm = _NAMES[code]
        self.scheme = self.text("schema") or self.algorithm
        self.encrypt = not self.options.text("operation_type").lower().startswith("decrypt")
        self.binary = self.options.flag("outputResultAsBinary")
        self.key_in_field = self.options.flag("secretKeyInField")
        self.binary_key = self.options.flag("readKeyAsBinary")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the result."""
        base = self.main(inputs)
        self.message = self.field(base, self.options.text("messageField"), "the message field")
        self.key_field: Field | None = None
        if self.key_in_field:
            self.key_field = self.field(base, self.options.text("secretKeyField"), "the key field")
        kind = ValueType.BINARY if self.binary else ValueType.STRING
        layout = base.plus(Field(self.text("resultfieldname"), kind, origin=self.name))
        self.target = layout.fields[-1]
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the results."""
        column = frame[self.message.name]
        if self.message.type is not ValueType.BINARY or not self.encrypt:
            column = to_text(column, self.message)
        keys = self._keys(frame)
        values, reasons = mapped_rows([column, keys], self._one, self.target.dtype)
        missing = (column.is_null() | keys.is_null()).arg_true().to_list()
        reasons |= dict.fromkeys(missing, "message or key is null")
        result = frame.with_columns(values.alias(self.target.name))
        return result.filter(self.split(frame, reasons, code="EncDecr001")) if reasons else result

    def _keys(self, frame: pl.DataFrame) -> pl.Series:
        if self.key_field is None:
            secret = reveal(self.text("secretKey"))
            if not secret:
                raise StepError(self.name, "the secret key is empty", "give it, best by a variable")
            return pl.Series([secret]).new_from_index(0, frame.height)
        column = frame[self.key_field.name]
        if self.binary_key and self.key_field.type is ValueType.BINARY:
            return column
        texts = to_text(column, self.key_field)
        return pl.Series([None if t is None else reveal(self.resolve(t)) for t in texts], dtype=pl.String)

    def _one(self, message: str | bytes, key: str | bytes) -> str | bytes:
        try:
            secret = key if isinstance(key, bytes) else bytes.fromhex(key)
        except ValueError:
            raise ValueError("the key is not hexadecimal") from None
        data = message if isinstance(message, bytes) else message.encode()
        if not self.encrypt:
            data = bytes.fromhex(str(message))
        done = crypt(self.algorithm, self.scheme, secret, data, encrypt=self.encrypt)
        if self.binary:
            return done
        return done.hex() if self.encrypt else done.decode("utf-8", "replace")

    def derive(self) -> dict[str, Derivation]:
        """The result comes from the message."""
        words = f"{'encrypted' if self.encrypt else 'decrypted'} with {self.algorithm}"
        return {self.target.name: Derivation((Ref(self.message.name, next(iter(self.inputs), "")),), words)}


class SecretKeyGenerator(Step):
    """Random keys: as many of each algorithm and length (bits) as are asked for, hexadecimal or binary."""

    types = ("SecretKeyGenerator",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Key, and where they have names algorithm and length."""
        binary = self.options.flag("outputKeyInBinary")
        kind = ValueType.BINARY if binary else ValueType.STRING
        items = [Field(self.text("secretKeyFieldName"), kind, origin=self.name)]
        if self.text("algorithmFieldName"):
            items.append(Field(self.text("algorithmFieldName"), ValueType.STRING, origin=self.name))
        if self.text("secretKeyLengthFieldName"):
            name = self.text("secretKeyLengthFieldName")
            items.append(Field(name, ValueType.INTEGER, 10, 0, INTEGER_MASK, origin=self.name))
        return Layout(items)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The keys."""
        rows = []
        with_name, with_length = (bool(self.text(t)) for t in ("algorithmFieldName", "secretKeyLengthFieldName"))
        for option in self.options.rows("fields/field"):
            name = option.text("algorithm")
            bits, count = (self._whole(option, tag) for tag in ("secretKeyLen", "secretKeyCount"))
            for _ in range(count):
                # DES keys carry a parity bit in every byte: 56 bits are 8 bytes
                size = bits // 7 if _NAMES.get(name.lower()) in ("DES", "DESede") and bits % 7 == 0 else bits // 8
                key = secrets.token_bytes(size)
                row: list[Any] = [key if self.options.flag("outputKeyInBinary") else key.hex()]
                rows.append(row + [name] * with_name + [bits] * with_length)
        self.count(read=len(rows))
        yield pl.DataFrame(rows, schema=self.output.schema, orient="row")

    def _whole(self, option: Any, tag: str) -> int:
        text = self.resolve(option.text(tag)).strip()
        if not text.isdigit():
            raise StepError(self.name, f"{tag} is {text!r}, not a whole number", "correct it")
        return int(text)
