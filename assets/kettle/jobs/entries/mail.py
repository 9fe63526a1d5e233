"""Entries that send mail and check addresses."""

import base64
import re
import smtplib
import uuid
import zipfile
from collections.abc import Iterator
from email.utils import formataddr
from io import BytesIO
from typing import Any

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import stamp
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
