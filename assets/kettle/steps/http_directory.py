"""LDAP input and mail input: entries of a directory, messages of a mailbox."""

import contextlib
import email
import email.policy
import imaplib
import importlib
import poplib
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import polars as pl

from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.files.passwords import reveal
from assets.kettle.formats.columns import Column, declared, integer_field
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout, ValueType

SCOPES = {"0": "BASE", "1": "LEVEL", "2": "SUBTREE", "object": "BASE", "onelevel": "LEVEL", "subtree": "SUBTREE"}


class LdapInput(Step):
    """Entries that a filter finds; several values of an attribute are joined by the separator."""

    types = ("LDAPInput", "LdapInput")

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.columns = [Column(declared(f, self.name), path=f.text("attribute")) for f in o.rows("fields/field")]
        self.rownum = o.text("rownum_field") if o.flag("rownum") else ""
        self.separator = self.text("multivaluedseparator", default=";")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The declared fields and the row number."""
        extra = [integer_field(self.rownum, self.name)] if self.rownum else []
        return Layout([*(c.field for c in self.columns), *extra])

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Only a fixed search is supported."""
        raise StepError(self.name, "its search comes from fields", "give base and filter in the step")

    def produce(self) -> Iterator[pl.DataFrame]:
        """The entries."""
        entries = self._search()
        limit = self.integer("limit")
        entries = entries[:limit] if limit else entries
        columns = []
        for column in self.columns:
            texts = [self._text(entry, column.path) for entry in entries]
            converted = convert(
                pl.Series(texts, dtype=pl.String), column.field.but(type=ValueType.STRING), column.field
            )
            if converted.reasons:
                raise StepError(self.name, f"field {column.field.name!r}: {next(iter(converted.reasons.values()))}")
            columns.append(converted.values.alias(column.field.name))
        if self.rownum:
            columns.append(pl.int_range(1, len(entries) + 1, dtype=pl.Int64, eager=True).alias(self.rownum))
        self.count(input=len(entries))
        yield pl.DataFrame(columns)

    def _text(self, entry: Mapping[str, Any], attribute: str) -> str | None:
        if attribute.lower() == "dn":
            return str(entry["dn"])
        values = {k.lower(): v for k, v in entry["raw_attributes"].items()}.get(attribute.lower()) or []
        return self.separator.join(v.decode("utf-8", "replace") for v in values) if values else None

    def connect(self, library: Any) -> Any:
        """A bound connection."""
        secure = self.text("protocol").upper() == "LDAP SSL"
        server = library.Server(
            self.text("host"), self.integer("port", default=389), use_ssl=secure, connect_timeout=15
        )
        login = self.options.flag("useauthentication")
        user, password = (self.text("username"), reveal(self.text("password"))) if login else (None, None)
        return library.Connection(server, user, password, auto_bind=True, read_only=True, auto_referrals=False)

    def _search(self) -> list[Mapping[str, Any]]:
        try:
            library = importlib.import_module("ldap3")
        except ImportError as error:
            raise StepError(self.name, "needs the package ldap3", "install the extra `connectors`") from error
        names = [c.path for c in self.columns if c.path.lower() != "dn"]
        try:
            with contextlib.closing(_Unbind(self.connect(library))) as held:
                pages = held.connection.extend.standard.paged_search(
                    self.text("searchbase"),
                    self.text("filterstring", default="(objectclass=*)"),
                    search_scope=SCOPES.get(self.options.text("searchScope").lower(), "SUBTREE"),
                    attributes=names or ["1.1"],
                    paged_size=self.integer("pagesize", default=500) or 500,
                    generator=True,
                )
                return [entry for entry in pages if entry.get("type", "searchResEntry") == "searchResEntry"]
        except library.core.exceptions.LDAPException as error:
            raise StepError(self.name, f"{self.text('host')}: {error}", "check server, user and filter") from error

    def derive(self) -> dict[str, Derivation]:
        """Fields come from attributes."""
        base = f"ldap://{self.text('host')}/{self.text('searchbase')}"
        return {c.field.name: Derivation((Ref(c.path, dataset=base),), "read") for c in self.columns}


class _Unbind:
    """Closes a directory connection."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def close(self) -> None:
        """Unbinds."""
        self.connection.unbind()


def _addresses(message: EmailMessage, header: str) -> str | None:
    values = message.get_all(header)
    return ";".join(str(v) for v in values) if values else None


def _body(message: EmailMessage) -> str | None:
    part = message.get_body(preferencelist=("plain", "html"))
    return None if part is None else str(part.get_content())


def _date(message: EmailMessage, header: str) -> Any:
    value = message.get(header)
    if value is None:
        return None
    try:
        return parsedate_to_datetime(str(value)).astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        return None


class MailInput(Step):
    """Messages of a POP3 or IMAP folder, newest last; nothing is deleted or marked."""

    types = ("MailInput",)

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.columns = [Column(declared(f, self.name), path=f.text("column").lower()) for f in o.rows("fields/field")]
        self.secure = o.flag("usessl")
        if o.flag("usedynamicfolder"):
            raise StepError(self.name, "its folder comes from a field", "name the folder in the step")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The declared fields."""
        return Layout(c.field for c in self.columns)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The messages."""
        limit = self.integer("rowlimit", "imapfirstmails", "firstmails")
        try:
            found = self._pop(limit) if self.text("protocol").upper() == "POP3" else self._imap(limit)
        except (OSError, imaplib.IMAP4.error, poplib.error_proto) as error:
            raise StepError(self.name, f"{self.text('servername')}: {error}", "check server and user") from error
        rows = [self._row(number, raw) for number, raw in found]
        self.count(input=len(rows))
        yield pl.DataFrame(rows, schema=self.output.schema, orient="row")

    def _pop(self, limit: int) -> list[tuple[int, bytes]]:
        host, port = self.text("servername"), self.integer("sslport", default=995 if self.secure else 110)
        box = poplib.POP3_SSL(host, port, timeout=60) if self.secure else poplib.POP3(host, port, timeout=60)
        try:
            box.user(self.text("username"))
            box.pass_(reveal(self.text("password")))
            count = len(box.list()[1])
            last = min(count, limit) if limit else count
            return [(n, b"\r\n".join(box.retr(n)[1])) for n in range(1, last + 1)]
        finally:
            box.quit()

    def _imap(self, limit: int) -> list[tuple[int, bytes]]:
        host, port = self.text("servername"), self.integer("sslport", default=993 if self.secure else 143)
        box: imaplib.IMAP4 = (
            imaplib.IMAP4_SSL(host, port, ssl_context=ssl.create_default_context(), timeout=60)
            if self.secure
            else imaplib.IMAP4(host, port, timeout=60)
        )
        try:
            box.login(self.text("username"), reveal(self.text("password")))
            folder = self.text("imapfolder", default="INBOX").replace('"', "")
            status, _ = box.select(f'"{folder}"', readonly=True)
            if status != "OK":
                raise StepError(self.name, f"there is no folder {folder!r}", "correct its name")
            wanted = {"unread": "UNSEEN", "read": "SEEN", "flagged": "FLAGGED"}.get(
                self.text("valueimaplist").lower(), "ALL"
            )
            numbers = box.search(None, wanted)[1][0].split()
            numbers = numbers[:limit] if limit else numbers
            return [(int(n), self._fetch(box, n)) for n in numbers]
        finally:
            box.logout()

    def _fetch(self, box: imaplib.IMAP4, number: bytes) -> bytes:
        data = box.fetch(number.decode(), "(BODY.PEEK[])")[1]
        return next((bytes(part[1]) for part in data if isinstance(part, tuple)), b"")

    def _row(self, number: int, raw: bytes) -> list[Any]:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        attached = sum(1 for _ in message.iter_attachments())
        values: dict[str, Any] = {
            "messagenumber": number,
            "subject": _addresses(message, "Subject"),
            "sender": _addresses(message, "From"),
            "replyto": _addresses(message, "Reply-To"),
            "recipients": _addresses(message, "To"),
            "description": message.get("Content-Description"),
            "body": _body(message),
            "receiveddate": _date(message, "Date"),
            "sendeddate": _date(message, "Date"),
            "sentdate": _date(message, "Date"),
            "contenttype": message.get_content_type(),
            "folder": self.text("imapfolder", default="INBOX"),
            "size": len(raw),
            "attached_files_count": attached,
        }
        return [self._typed(values.get(c.path), c.field) for c in self.columns]

    def _typed(self, value: Any, field: Field) -> Any:
        if value is None or field.type in (ValueType.INTEGER, ValueType.DATE):
            return value
        return float(value) if field.type == ValueType.NUMBER else str(value)

    def reads(self) -> list[DataSet]:
        """The mailbox."""
        return [DataSet("file", "", f"mail://{self.text('servername')}/{self.text('imapfolder', default='INBOX')}", {})]
