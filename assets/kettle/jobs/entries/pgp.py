"""Entries on PGP files, through the gpg program, when the settings allow programs."""

import shutil
from collections.abc import Sequence

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.external.process import run_program
from assets.kettle.files.passwords import reveal
from assets.kettle.jobs.entries.copying import Transfers
from assets.kettle.jobs.entries.shell import REFUSED
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import Tally, dated, tally_of
from assets.kettle.jobs.places import Place

TIMEOUT = 600.0


def run_gpg(entry: JobEntry, arguments: Sequence[str], given: str = "") -> None:
    """Runs gpg without questions. Raises KettleError with what it said."""
    if not entry.run.settings.allow_shell:
        raise KettleError(f"entry {entry.name!r} runs gpg, which is not allowed here", REFUSED)
    wanted = entry.text("gpglocation", default="gpg")
    program = shutil.which(wanted)
    if program is None:
        raise KettleError(f"entry {entry.name!r}: there is no program {wanted}", "install gpg, or correct its place")
    said: list[str] = []
    command = [program, "--batch", "--yes", "--no-tty", *arguments]
    status = run_program(command, said.append, timeout=TIMEOUT, stopped=lambda: entry.run.stopped, given=given.encode())
    if status:
        raise KettleError(f"entry {entry.name!r}: gpg: {' '.join(said) or status}", "check key, passphrase and file")


def local(entry: JobEntry, place: Place) -> str:
    """The path for gpg. Raises KettleError for a file that is not local."""
    if place.local is None:
        raise KettleError(f"entry {entry.name!r}: {place.text} is not a local file", "copy it first")
    return str(place.local)


class _Pgp(Transfers):
    """Files and folders that go through gpg one by one into another folder."""

    def execute(self, result: Result, nr: int) -> Result:
        """Works on each. Lines written are those done."""
        tally = tally_of(self)
        for option in self.options.rows("fields/field"):
            self.option = option
            tags = ("source_filefolder", "destination_filefolder", "wildcard")
            source, target, mask = (self.resolve(option.text(tag)) for tag in tags)
            try:
                for file, place in self.planned(Place(source), Place(target), mask, flat=self._flat):
                    self._one(result, file, place)
                    tally.good += 1
            except KettleError as error:
                self._failed(tally, error)
            if tally.broken or self.run.stopped:
                break
        return tally.into(result)

    def _failed(self, tally: Tally, error: KettleError) -> None:
        tally.bad += 1
        self.log(str(error), "ERROR")

    @property
    def _flat(self) -> bool:
        return self.options.flag("DoNotKeepFolderStructure")

    def _one(self, result: Result, file: Place, place: Place) -> None:
        place = place.parent.child(dated(place.name, self.options, before=self.options.flag("AddDateBeforeExtension")))
        rule = self.options.text("iffileexists", default="do_nothing")
        if place.exists():
            if rule == "fail":
                raise KettleError(f"{place.text} exists already", "remove it")
            if rule == "unique_name":
                place = Place(dated(place.text, self.options, unique=True))
            elif rule != "overwrite_file":
                return
        place.parent.make_folder()
        part = place.parent.child(f".{place.name}.heddle.part")
        try:
            self.convert(local(self, file), local(self, part))
            part.move(place)
        finally:
            if part.exists():
                part.delete()
        if self.options.flag("add_result_filesname"):
            self.add_file(result, place.text)

    def convert(self, source: str, target: str) -> None:
        """Runs gpg on one file."""
        raise NotImplementedError


class PgpEncrypt(_Pgp):
    """Encrypts, signs, or both."""

    types = ("PGP_ENCRYPT_FILES",)

    def convert(self, source: str, target: str) -> None:
        """To the key of the line's user."""
        user = self.resolve(self.option.text("userid"))
        to, by = ["--recipient", user, "--trust-model", "always", "--encrypt"], ["--local-user", user, "--sign"]
        actions = {"encrypt": to, "sign": by, "signandencrypt": [*by, *to]}
        action = self.option.text("action_type", default="encrypt").replace("_", "").lower()
        if action not in actions:
            raise KettleError(f"entry {self.name!r}: unknown action {action!r}", "encrypt, sign or signandencrypt")
        armour = ["--armor"] if self.options.flag("asciiMode") else []
        run_gpg(self, [*armour, "--output", target, *actions[action], "--", source])


class PgpDecrypt(_Pgp):
    """Decrypts; gpg gets the passphrase over its input."""

    types = ("PGP_DECRYPT_FILES",)

    def convert(self, source: str, target: str) -> None:
        """With the line's passphrase."""
        phrase = reveal(self.resolve(self.option.text("passphrase")))
        loop = ["--pinentry-mode", "loopback", "--passphrase-fd", "0"]
        run_gpg(self, [*loop, "--output", target, "--decrypt", "--", source], f"{phrase}\n")


class PgpVerify(JobEntry):
    """True when the signature of a file is good; it may stand in a file of its own."""

    types = ("PGP_VERIFY_FILES",)

    def execute(self, result: Result, nr: int) -> Result:
        """Verifies."""
        files = [local(self, Place(self.text("filename")))]
        if self.options.flag("useDetachedSignature"):
            files.insert(0, local(self, Place(self.text("detachedfilename"))))
        run_gpg(self, ["--verify", "--", *files])
        return self.done(result)
