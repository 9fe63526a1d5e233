"""Entries on mail: send, check addresses, fetch."""

import base64
import email
import imaplib
import poplib
import re
import smtplib
import ssl
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import formataddr
from io import BytesIO
from typing import Any

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import reveal
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import fits, stamp
from assets.kettle.jobs.places import Place
from assets.kettle.steps.check_mail import well_formed
from core.errors import HeddleError

_SEPARATORS = re.compile(r"[\s,;]+")
TIMEOUT = 30.0


def addresses(text: str) -> list[str]:
    """Addresses in a text; Kettle separates with blanks."""
    return [part for part in _SEPARATORS.split(text) if part]


class Mail(JobEntry):
    """Sends a message through the notifier of the settings; result files may go with it, zipped if wanted.

    The mail server in the file is not contacted: where messages go is the installation's matter.
    """

    types = ("MAIL",)

    def execute(self, result: Result, nr: int) -> Result:
        """Sends it."""
        send = self.run.settings.mail
        if send is None:
            raise KettleError(f"entry {self.name!r} sends mail, which nobody takes here", "set up notifications")
        message = self.message(result)
        if not message["to"]:
            raise KettleError(f"entry {self.name!r}: nobody is named to send to", "name an address")
        try:
            send(message)
        except HeddleError as error:
            raise KettleError(f"entry {self.name!r}: {error}", error.fix) from error
        return self.done(result)

    def message(self, result: Result) -> dict[str, Any]:
        """The message as plain values; attachments in base64."""
        return {
            "id": uuid.uuid4().hex,
            "kind": "mail",
            "job": self.run.job.name,
            "entry": self.name,
            "to": addresses(self.text("destination")),
            "cc": addresses(self.text("destinationCc")),
            "bcc": addresses(self.text("destinationBCc")),
            "from": formataddr((self.text("replytoname"), self.text("replyto"))),
            "reply_to": addresses(self.text("replyToAddresses")),
            "subject": self.text("subject"),
            "text": self.body(result),
            "html": self.options.flag("use_HTML"),
            "priority": self.text("priority") if self.options.flag("use_Priority") else "",
            "attachments": [
                {"name": name, "content": base64.b64encode(data).decode()} for name, data in self.attachments(result)
            ],
        }

    def body(self, result: Result) -> str:
        """The comment, and unless only that is wanted what the job says of itself."""
        comment = self.text("comment")
        if self.options.flag("only_comment"):
            return comment
        lines = [comment, ""] if comment else []
        if self.options.flag("include_date"):
            lines += [f"Message date: {stamp('yyyy/MM/dd HH:mm:ss.SSS')}", ""]
        lines += ["Job:", "-----", f"Name: {self.run.job.name}", f"Entry: {self.name}", ""]
        lines += ["Previous result:", f"Result: {str(result.ok).lower()}", f"Errors: {result.errors}"]
        lines += [f"Lines {n}: {getattr(result.lines, n)}" for n in ("read", "written", "input", "output", "updated")]
        lines += [f"Exit status: {result.exit_status}", ""]
        for label, tag in (("Contact person", "contact_person"), ("Contact phone", "contact_phone")):
            if self.text(tag):
                lines.append(f"{label}: {self.text(tag)}")
        return "\n".join(lines)

    def attachments(self, result: Result) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of the result files of the wanted types, or of one archive of them."""
        if not self.options.flag("include_files"):
            return
        wanted = {text.upper() for text in self.options.texts("filetypes/filetype")}
        places = [Place(f.path) for f in result.files if f.type.upper() in wanted]
        found = []
        for place in places:
            if place.exists():
                with place.open() as stream:
                    found.append((place.name, stream.read()))
        if self.options.flag("zip_files") and found:
            packed = BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in found:
                    archive.writestr(name, data)
            found = [(self.text("zip_name", default="files.zip").rsplit("/", 1)[-1], packed.getvalue())]
        yield from found


class MailValidator(JobEntry):
    """True when all addresses have the right form, and if wanted their mail server takes them."""

    types = ("MAIL_VALIDATOR",)

    def execute(self, result: Result, nr: int) -> Result:
        """Checks each until one fails."""
        wanted = addresses(self.text("emailAddress"))
        for address in wanted:
            trouble = "" if well_formed(address) else "it has not the form of an address"
            if not trouble and self.options.flag("smtpCheck"):
                trouble = self._asked(address)
            if trouble:
                self.log(f"{address}: {trouble}", "ERROR")
                return self.done(result, False, 1)
        return self.done(result, bool(wanted))

    def _asked(self, address: str) -> str:
        server = self.text("defaultSMTP")
        if not server:
            return "no server is named to ask (the default SMTP server)"
        try:
            with smtplib.SMTP(server, timeout=self.integer("timeout") / 1000 or TIMEOUT) as session:
                session.helo()
                session.mail(self.text("emailSender"))
                code, answer = session.rcpt(address)
        except (OSError, smtplib.SMTPException) as error:
            return f"{server} cannot be asked: {type(error).__name__}"
        return "" if code in (250, 251) else answer.decode("utf-8", "replace")


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
