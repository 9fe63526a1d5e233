"""PGP encryption and decryption of fields by the gpg program."""

import shutil
import subprocess
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.files.passwords import reveal
from assets.kettle.text.columns import mapped_rows
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType

_SECONDS = 60


def run_gpg(program: str, arguments: list[str], text: str) -> str:
    """What gpg writes when it is given `text`. Raises ValueError with what it complains of."""
    # a key that is not in the key ring must not be looked for in the network
    command = [program, "--batch", "--no-tty", "--yes", "--no-auto-key-locate", *arguments]
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
    if done.returncode:
        raise ValueError(done.stderr.decode("utf-8", "replace").strip() or f"gpg ended with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


class _Pgp(RowStep):
    """What both steps share: the program, the stream field and the result field."""

    verb: ClassVar[str] = ""
    code: ClassVar[str] = ""

    def setup(self) -> None:
        """Finds gpg; starting it must be allowed."""
        if not self.run.settings.allow_shell:
            raise StepError(self.name, "starts the gpg program", "allow programs in the settings (allow_shell)")
        wanted = self.text("gpglocation") or "gpg"
        found = shutil.which(wanted)
        if found is None:
            raise StepError(self.name, f"there is no program {wanted}", "install gpg, or correct its location")
        self.program = found

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the result."""
        base = self.main(inputs)
        self.source = self.field(base, self.options.text("streamfield"), "the stream field")
        layout = base.plus(Field(self.text("resultfieldname"), ValueType.STRING, origin=self.name))
        self.target = layout.fields[-1].name
        self.base = base
        return layout

    def _secrets(self, frame: pl.DataFrame) -> pl.Series:
        """The key name or passphrase of each row."""
        raise NotImplementedError

    def _one(self, text: str, secret: str) -> str:
        raise NotImplementedError

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the results; what gpg refuses goes to the error hop."""
        texts = to_text(frame[self.source.name], self.source)
        texts = texts.set((texts == "").fill_null(value=False), None)
        values, reasons = mapped_rows([texts, self._secrets(frame)], self._one, pl.String())
        reasons |= dict.fromkeys(texts.is_null().arg_true().to_list(), "there is no text")
        result = frame.with_columns(values.alias(self.target))
        return result.filter(self.split(frame, reasons, self.target, self.code)) if reasons else result

    def derive(self) -> dict[str, Derivation]:
        """The result comes from the stream field."""
        return {self.target: Derivation((Ref(self.source.name, next(iter(self.inputs), "")),), f"PGP {self.verb}")}


class PgpEncryptStream(_Pgp):
    """Encrypts texts for a key of the key ring, as armoured text."""

    types = ("PGPEncryptStream",)
    verb = "encrypted"
    code = "PGPEncryptStreamO01"

    def _secrets(self, frame: pl.DataFrame) -> pl.Series:
        if self.options.flag("keynameInField"):
            item = self.field(self.base, self.options.text("keynameFieldName"), "the key name field")
            return to_text(frame[item.name], item)
        return pl.Series([self.text("keyname")]).new_from_index(0, frame.height)

    def _one(self, text: str, secret: str) -> str:
        return run_gpg(self.program, ["--armor", "--trust-model", "always", "--recipient", secret, "--encrypt"], text)


class PgpDecryptStream(_Pgp):
    """Decrypts texts with a passphrase, which gpg gets over its input and never on the command line."""

    types = ("PGPDecryptStream",)
    verb = "decrypted"
    code = "PGPDecryptStreamO01"

    def _secrets(self, frame: pl.DataFrame) -> pl.Series:
        if self.options.flag("passphraseFromField"):
            item = self.field(self.base, self.options.text("passphraseFieldName"), "the passphrase field")
            return to_text(frame[item.name], item).fill_null("")
        return pl.Series([reveal(self.text("passhrase"))]).new_from_index(0, frame.height)

    def _one(self, text: str, secret: str) -> str:
        arguments = ["--pinentry-mode", "loopback", "--passphrase-fd", "0", "--decrypt"]
        return run_gpg(self.program, arguments, f"{secret}\n{text}")
