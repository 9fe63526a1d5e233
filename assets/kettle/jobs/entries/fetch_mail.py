"""The entry that fetches mail."""

import email
import imaplib
import poplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import reveal
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import fits, stamp
from assets.kettle.jobs.places import Place

TIMEOUT = 30.0


class GetMails(JobEntry):
    """Fetches messages by POP3 or IMAP into files, with their attachments if wanted."""

    types = ("GET_POP",)

    def execute(self, result: Result, nr: int) -> Result:
        """Fetches; lines written are the messages saved."""
        self.folder = Place(self.text("outputdirectory"))
        if not self.folder.is_folder():
            if not self.options.flag("createlocalfolder"):
                raise KettleError(f"entry {self.name!r}: {self.folder.text} does not exist", "let the entry create it")
            self.folder.make_folder()
        imap = self.options.text("protocol", default="POP3").upper().startswith("IMAP")
        fetch = self._imap if imap else self._pop
        count = 0
        try:
            for number, data in fetch():
                count += self._keep(result, number, data)
                if self.run.stopped:
                    break
        except (OSError, poplib.error_proto, imaplib.IMAP4.error) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise KettleError(f"entry {self.name!r}: {self.text('servername')}: {reason}", "check the login") from error
        result.lines.written = count
        return self.done(result)

    def _login(self) -> tuple[str, int, str, str, bool]:
        secure = self.options.flag("usessl")
        port = self.integer("sslport")
        return self.text("servername"), port, self.text("username"), reveal(self.text("password")), secure

    def _pop(self) -> Iterator[tuple[int, bytes]]:
        host, port, user, password, secure = self._login()
        context = ssl.create_default_context()
        box: poplib.POP3 = (
            poplib.POP3_SSL(host, port or 995, context=context, timeout=TIMEOUT)
            if secure
            else poplib.POP3(host, port or 110, timeout=TIMEOUT)
        )
        try:
            box.user(user)
            box.pass_(password)
            total = box.stat()[0]
            kind = self.options.text("retrievemails", default="0")
            last = min(total, self.integer("firstmails")) if kind == "2" else total
            for number in range(1, last + 1):
                yield number, b"\r\n".join(box.retr(number)[1])
                if self.options.flag("delete"):
                    box.dele(number)
        finally:
            box.quit()

    @contextmanager
    def _imap_box(self) -> Iterator[imaplib.IMAP4]:
        host, port, user, password, secure = self._login()
        box: imaplib.IMAP4 = (
            imaplib.IMAP4_SSL(host, port or 993, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
            if secure
            else imaplib.IMAP4(host, port or 143, timeout=TIMEOUT)
        )
        try:
            box.login(user, password)
            yield box
        finally:
            box.logout()

    def _imap(self) -> Iterator[tuple[int, bytes]]:
        after = self.options.text("aftergetimap", default="nothing")
        with self._imap_box() as box:
            box.select(_quoted(self.text("imapfolder", default="INBOX")))
            _, data = box.search(None, *self._criteria())
            numbers = data[0].split() if data and data[0] else []
            limit = self.integer("imapfirstmails")
            for number in numbers[:limit] if limit else numbers:
                _, parts = box.fetch(number.decode(), "(RFC822)")
                body = next((p[1] for p in parts if isinstance(p, tuple)), b"")
                yield int(number), body
                if after == "move":
                    box.copy(number.decode(), _quoted(self.text("movetoimapfolder")))
                if after in ("move", "delete"):
                    box.store(number.decode(), "+FLAGS", "\\Deleted")
            if after in ("move", "delete"):
                box.expunge()

    def _criteria(self) -> list[str]:
        kinds = {"imaplistnew": "NEW", "imaplistold": "OLD", "imaplistread": "SEEN", "imaplistunread": "UNSEEN",
                 "imaplistflagged": "FLAGGED", "imaplistnotflagged": "UNFLAGGED"}  # fmt: skip
        found = [kinds.get(self.options.text("valueimaplist", default="imaplistall"), "ALL")]
        searches = (
            ("FROM", "sendersearch", "nottermsendersearch"),
            ("TO", "recipientsearch", "nottermreceipientsearh"),
            ("SUBJECT", "subjectsearch", "nottermsubjectsearch"),
            ("BODY", "bodysearch", "nottermbodysearch"),
        )
        for word, tag, negated in searches:
            if self.text(tag):
                found += (["NOT"] if self.options.flag(negated) else []) + [word, _quoted(self.text(tag))]
        return found

    def _keep(self, result: Result, number: int, data: bytes) -> int:
        message = email.message_from_bytes(data, _class=EmailMessage)
        if self.options.flag("savemessage", default=True):
            place = self.folder.child(_safe(self._named(number)))
            with place.writing() as stream:
                stream.write(data)
            self.add_file(result, place.text)
        if self.options.flag("saveattachment", default=True):
            apart = self.options.flag("usedifferentfolderforattachment")
            folder = Place(self.text("attachmentfolder")) if apart else self.folder
            folder.make_folder()
            for part in message.walk():
                name = part.get_filename()
                if name and fits(name, self.text("attachmentwildcard")):
                    payload = part.get_payload(decode=True)
                    with folder.child(_safe(name)).writing() as stream:
                        stream.write(payload if isinstance(payload, bytes) else b"")
                    self.add_file(result, folder.child(_safe(name)).text)
        return 1

    def _named(self, number: int) -> str:
        pattern = self.text("filenamepattern", default="name_{SYS|hhmmss_MMddyyyy|}_#IdFile#.mail")
        pattern = re.sub(r"\{SYS\|([^|]*)\|\}", lambda found: stamp(found.group(1)), pattern)
        return pattern.replace("#IdFile#", str(number))


def _safe(name: str) -> str:
    """A file name without folders."""
    return re.sub(r"[/\\\0]", "_", name).lstrip(".") or f"message-{datetime.now(UTC):%H%M%S%f}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "") + '"'
