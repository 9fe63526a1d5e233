"""Entries that fetch and put files over SFTP."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import reveal
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import fits, result_rows
from assets.kettle.jobs.places import Place

TIMEOUT = 30.0


@contextmanager
def connected(entry: JobEntry) -> Iterator[Any]:
    """A paramiko SFTP session. A host whose key is known must have that key; a new host is taken, as Kettle does.

    Raises:
        KettleError: paramiko is missing, or the server refuses something.
    """
    try:
        import paramiko  # type: ignore[import-untyped, unused-ignore]  # has no types
    except ModuleNotFoundError:
        raise KettleError(f"entry {entry.name!r} needs paramiko", "pip install heddle[connectors]") from None
    host = entry.text("servername")
    key = entry.text("keyfilename") if entry.options.flag("usekeyfilename", "publicpublickey") else ""
    client = paramiko.SSHClient()
    client.load_system_host_keys()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507  # see above
    try:
        client.connect(
            host,
            entry.integer("serverport", "port", default=22),
            entry.text("username"),
            None if key else reveal(entry.text("password")),
            key_filename=key or None,
            passphrase=reveal(entry.text("keyfilepass")) or None,
            timeout=TIMEOUT,
            allow_agent=False,
            look_for_keys=False,
            compress=entry.options.text("compression") == "zlib",
        )
        with client.open_sftp() as session:
            yield session
    except (paramiko.SSHException, OSError, EOFError) as error:
        reason = str(error) or type(error).__name__
        raise KettleError(f"entry {entry.name!r}: {host}: {reason}", "check server, login, key and names") from error
    finally:
        client.close()


def remote_folder(session: Any, folder: str, *, create: bool) -> None:
    """Goes to a folder, making it if wanted."""
    if not folder:
        return
    if create:
        path = "/" if folder.startswith("/") else ""
        for part in folder.strip("/").split("/"):
            path += f"{part}/"
            try:
                session.stat(path.rstrip("/"))
            except FileNotFoundError:
                session.mkdir(path.rstrip("/"))
    session.chdir(folder)


class SftpGet(JobEntry):
    """Fetches the files of a folder."""

    types = ("SFTP",)

    def execute(self, result: Result, nr: int) -> Result:
        """Fetches; names may come from rows. Lines written are the files fetched."""
        target = Place(self.text("targetdirectory"))
        if not target.is_folder():
            if not self.options.flag("createtargetfolder"):
                raise KettleError(f"entry {self.name!r}: there is no folder {target.text}", "let the entry create it")
            target.make_folder()
        given = {row[0] for row in result_rows(result)} if self.options.flag("copyprevious") else None
        mask, count = self.text("wildcard"), 0
        with connected(self) as session:
            remote_folder(session, self.text("sftpdirectory"), create=False)
            for item in sorted(session.listdir_attr(), key=lambda item: str(item.filename)):
                name = str(item.filename)
                wanted = name in given if given is not None else fits(name, mask)
                if not wanted or stat.S_ISDIR(item.st_mode or 0) or "/" in name or self.run.stopped:
                    continue
                place = target.child(name)
                with place.writing() as stream:
                    session.getfo(name, stream)
                count += 1
                if self.options.flag("remove"):
                    session.remove(name)
                if self.options.flag("isaddresult"):
                    self.add_file(result, place.text)
        result.lines.written = count
        return self.done(result)


class SftpPut(JobEntry):
    """Sends files of a local folder, of rows, or of the result; a file appears there when it is complete."""

    types = ("SFTPPUT",)

    def execute(self, result: Result, nr: int) -> Result:
        """Sends; without any file it is a failure unless told otherwise. Lines written are those sent."""
        o = self.options
        files = self._files(result)
        if not files:
            ok = o.flag("successWhenNoFile")
            return self.done(result, ok, 0 if ok else 1)
        after = o.text("aftersftpput", default="delete" if o.flag("remove") else "nothing").lower()
        with connected(self) as session:
            remote_folder(session, self.text("sftpdirectory"), create=o.flag("createRemoteFolder"))
            for file in files:
                part = f".{file.name}.heddle.part"
                with file.open() as stream:
                    session.putfo(stream, part)
                session.posix_rename(part, file.name)
                if o.flag("addFilenameResut"):
                    self.add_file(result, file.text)
                if after.startswith("delete"):
                    file.delete()
                elif after.startswith("move"):
                    folder = Place(self.text("destinationfolder"))
                    if not folder.is_folder() and not o.flag("createdestinationfolder"):
                        raise KettleError(f"entry {self.name!r}: there is no folder {folder.text}", "create it")
                    file.move(folder.child(file.name))
        result.lines.written = len(files)
        return self.done(result)

    def _files(self, result: Result) -> list[Place]:
        if self.options.flag("copypreviousfiles"):
            return [Place(file.path) for file in result.files]
        mask = self.text("wildcard")
        if self.options.flag("copyprevious"):
            return [Place(row[0]) for row in result_rows(result)]
        return [file for file in Place(self.text("localdirectory")).files(deep=False) if fits(file.name, mask)]
