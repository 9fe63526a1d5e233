"""Entries that fetch, put and delete files on FTP servers, with TLS or without."""

import ftplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import reveal
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import dated, fits, result_rows, tally_of
from assets.kettle.jobs.places import CHUNK, Place

TIMEOUT = 60.0
MISSING = "550"
KEEP, UNIQUE = "iffileexistsskip", "iffileexistscreateuniq"


class Ftp(JobEntry):
    """What the FTP entries share: the login and the list of a folder."""

    def secure(self) -> bool:
        """Whether the connection uses TLS."""
        return self.entry.type.startswith("FTPS") or self.options.text("protocol").upper() == "FTPS"

    @contextmanager
    def connected(self) -> Iterator[ftplib.FTP]:
        """An open session. Raises KettleError for anything the server refuses."""
        host = self.text("servername")
        timeout = self.integer("timeout") / 1000 or TIMEOUT
        encoding = self.text("control_encoding") or "utf-8"
        session = (
            ftplib.FTP_TLS(context=ssl.create_default_context(), timeout=timeout, encoding=encoding)  # noqa: S321
            if self.secure()
            else ftplib.FTP(timeout=timeout, encoding=encoding)  # noqa: S321  # what the file asks for
        )
        try:
            session.connect(host, self.integer("port", "serverport", default=21))
            session.login(self.text("username"), reveal(self.text("password")))
            if isinstance(session, ftplib.FTP_TLS):
                session.prot_p()
            session.set_pasv(not self.options.flag("active"))
            yield session
            session.quit()
        except (ftplib.Error, OSError, EOFError, LookupError) as error:
            reason = str(error) or type(error).__name__
            raise KettleError(f"entry {self.name!r}: {host}: {reason}", "check server, login and names") from error
        finally:
            session.close()

    def names(self, session: ftplib.FTP) -> list[str]:
        """The file names of the present folder, sorted; [] when it is empty."""
        try:
            return sorted(name.rsplit("/", 1)[-1] for name in session.nlst() if name not in (".", ".."))
        except ftplib.error_perm as error:
            if str(error).startswith(MISSING):
                return []
            raise

    def enter(self, session: ftplib.FTP, *tags: str) -> None:
        """Goes to the folder that an option names, if it names one."""
        folder = self.text(*tags)
        if folder:
            session.cwd(folder)


class FtpGet(Ftp):
    """Fetches the files of a folder; afterwards they may be removed or moved there."""

    types = ("FTP", "FTPS_GET")

    def execute(self, result: Result, nr: int) -> Result:
        """Fetches. Lines written are the files fetched."""
        o = self.options
        target = Place(self.text("targetdirectory"))
        if not target.is_folder():
            raise KettleError(f"entry {self.name!r}: there is no folder {target.text}", "create it before")
        tally, mask = tally_of(self, "nr_limit"), self.text("wildcard")
        with self.connected() as session:
            self.enter(session, "ftpdirectory")
            for name in self.names(session):
                if tally.broken or self.run.stopped:
                    break
                if not fits(name, mask):
                    continue
                tags = ("adddate", "addtime", "SpecifyFormat")
                before = o.flag("AddDateBeforeExtension")
                place = target.child(_plain(dated(name, o, tags, before=before, mask=self.text("date_time_format"))))
                if place.exists() and o.flag("only_new"):
                    rule = o.text("ifFileExists", default=KEEP).lower()
                    if rule == KEEP:
                        continue
                    if rule != UNIQUE:
                        tally.bad += 1
                        self.log(f"{place.text} exists already", "ERROR")
                        continue
                    place = Place(dated(place.text, o, unique=True))
                try:
                    self._fetch(session, name, place)
                except (KettleError, ftplib.error_perm) as error:
                    tally.bad += 1
                    self.log(f"{name}: {error}", "ERROR")
                    continue
                tally.good += 1
                if o.flag("isaddresult", default=True):
                    self.add_file(result, place.text)
        return tally.into(result)

    def _fetch(self, session: ftplib.FTP, name: str, place: Place) -> None:
        with place.writing() as stream:
            if self.options.flag("binary"):
                session.retrbinary(f"RETR {name}", stream.write, CHUNK)
            else:
                session.retrlines(f"RETR {name}", lambda line: stream.write(line.encode(session.encoding) + b"\n"))
        if self.options.flag("remove"):
            session.delete(name)
        elif self.options.flag("movefiles"):
            session.rename(name, f"{self.text('movetodirectory').rstrip('/')}/{name}")


class FtpPut(Ftp):
    """Sends the files of a local folder."""

    types = ("FTP_PUT", "FTPS_PUT")

    def execute(self, result: Result, nr: int) -> Result:
        """Sends; a file that is there already stays if only new ones are wanted. Lines written are those sent."""
        folder, mask = Place(self.text("localDirectory", "localdirectory")), self.text("wildcard")
        files = [file for file in folder.files(deep=False) if fits(file.name, mask)]
        count = 0
        with self.connected() as session:
            self.enter(session, "remoteDirectory", "remotedirectory")
            there = set(self.names(session)) if self.options.flag("only_new") else set()
            for file in files:
                if file.name in there or self.run.stopped:
                    continue
                send = session.storbinary if self.options.flag("binary") else session.storlines
                with file.open() as stream:
                    send(f"STOR {file.name}", stream)
                count += 1
                if self.options.flag("remove"):
                    file.delete()
        result.lines.written = count
        return self.done(result)


class FtpDelete(Ftp):
    """Deletes files of a folder; names may come from rows. Over SFTP, too."""

    types = ("FTP_DELETE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Deletes. Lines written are the files deleted."""
        tally = tally_of(self, "nr_limit_success")
        given = {row[0] for row in result_rows(result)} if self.options.flag("copyprevious") else None
        mask = self.text("wildcard")

        def wanted(name: str) -> bool:
            return name in given if given is not None else fits(name, mask)

        if self.options.text("protocol").upper() in ("SFTP", "SSH"):
            from assets.kettle.jobs.entries.sftp import connected

            with connected(self) as remote:
                remote.chdir(self.text("ftpdirectory") or ".")
                for name in sorted(n for n in remote.listdir() if wanted(n)):
                    remote.remove(name)
                    tally.good += 1
            return tally.into(result)
        with self.connected() as session:
            self.enter(session, "ftpdirectory")
            for name in self.names(session):
                if tally.broken or self.run.stopped:
                    break
                if wanted(name):
                    try:
                        session.delete(name)
                        tally.good += 1
                    except ftplib.error_perm as error:
                        tally.bad += 1
                        self.log(f"{name}: {error}", "ERROR")
        return tally.into(result)


def _plain(name: str) -> str:
    """A file name without folders: the server does not choose where files go."""
    found = name.replace("\\", "/").rsplit("/", 1)[-1]
    if found in ("", ".", ".."):
        raise KettleError(f"the server names a file {name!r}", "do not trust this server")
    return found
