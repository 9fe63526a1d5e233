"""Mail: one message per row, through the notifier of the settings."""

import base64
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import formataddr
from io import BytesIO
from pathlib import PurePosixPath

import polars as pl

from assets.kettle.engine.outputs import open_binary
from assets.kettle.engine.step import RowStep
from assets.kettle.errors import KettleError, UnsupportedStepError
from assets.kettle.formats.file_list import FileRule, expand
from assets.kettle.values.convert import text_of, to_text
from assets.kettle.values.fields import Field, Layout, ValueType
from core.errors import HeddleError

# options that name the field with a part of the message
PARTS = (
    "destination", "destinationCc", "destinationBCc", "replyto", "replytoname", "replyToAddresses", "subject",
    "comment", "contact_person", "contact_phone", "attachContentField", "attachContentFileNameField",
    "dynamicFieldname", "dynamicWildcard", "dynamicZipFilename",
)  # fmt: skip
MEBIBYTE = 1 << 20
Row = Mapping[str, str]


class Mail(RowStep):
    """Sends a message per row; the rows go on. Options name the fields that hold its parts.

    The mail server in the rows is not contacted: where messages go is the installation's matter. A row that cannot be
    sent goes to the error hop.
    """

    types = ("Mail",)

    def setup(self) -> None:
        """Reads how the message is made."""
        flag = self.options.flag
        self.html, self.only_comment = flag("use_HTML"), flag("only_comment")
        self.content, self.files = flag("attachContentFromField"), flag("include_files")
        if self.options.rows("embeddedimages/embeddedimage"):
            raise UnsupportedStepError(f"step {self.name!r}: it embeds images", "attach them as files")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The named fields must be there; the layout stays."""
        layout = self.main(inputs)
        named = {tag: self.text(tag) for tag in PARTS}
        self.parts = {tag: self.field(layout, name, f"the field for {tag}") for tag, name in named.items() if name}
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Sends, in the order of the rows."""
        texts = {tag: to_text(frame[item.name], item).fill_null("") for tag, item in self.parts.items()}
        failed: dict[int, str] = {}
        for position in range(frame.height):
            try:
                self._send({tag: column[position] for tag, column in texts.items()})
            except HeddleError as error:
                failed[position] = error.what
        return frame.filter(self.split(frame, failed, code="Mail001")) if failed else frame

    def _send(self, row: Row) -> None:
        send = self.run.settings.mail
        if send is None:
            raise KettleError(f"step {self.name!r} sends mail, which nobody takes here", "set up notifications")
        for tag, what in (("destination", "nobody is named to send to"), ("replyto", "no sender is named")):
            if not row.get(tag):
                raise KettleError(f"step {self.name!r}: {what}", "name an address")
        send(
            {
                "id": uuid.uuid4().hex,
                "kind": "mail",
                "transformation": self.run.transformation.name,
                "step": self.name,
                "to": row["destination"].split(),
                "cc": row.get("destinationCc", "").split(),
                "bcc": row.get("destinationBCc", "").split(),
                "from": formataddr((row.get("replytoname", ""), row["replyto"])),
                "reply_to": row.get("replyToAddresses", "").split(),
                "subject": row.get("subject", ""),
                "text": self._body(row),
                "html": self.html,
                "priority": self.text("priority") if self.options.flag("use_Priority") else "",
                "attachments": [
                    {"name": name, "content": base64.b64encode(data).decode()} for name, data in self._attached(row)
                ],
            }
        )

    def _body(self, row: Row) -> str:
        lines = [row["comment"], ""] if "comment" in row else []
        if self.options.flag("include_date"):
            now = text_of(datetime.now(UTC).replace(tzinfo=None), Field("now", ValueType.DATE))
            lines += [f"Message date: {now}", ""]
        person, phone = row.get("contact_person", ""), row.get("contact_phone", "")
        if not self.only_comment and (person or phone):
            lines += ["Contact information :", "---------------------"]
            lines += [f"Person to contact : {person}"] if person else []
            lines += [f"Tel.  : {phone}"] if phone else []
            lines.append("")
        return "\n".join(lines)

    def _attached(self, row: Row) -> Iterator[tuple[str, bytes]]:
        """Name and bytes: the row's own content, or files, zipped where that is wanted and they are large enough."""
        if self.content:
            yield row.get("attachContentFileNameField", ""), row.get("attachContentField", "").encode()
            return
        if not self.files:
            return
        found = [(PurePosixPath(path.replace("\\", "/")).name, self._read(path)) for path in self._paths(row)]
        limit = self.integer("zip_limit_size") * MEBIBYTE
        if not self.options.flag("zip_files") or not found or sum(len(data) for _, data in found) <= limit > 0:
            yield from found
            return
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in found:
                archive.writestr(name, data)
        own = row.get("dynamicZipFilename", "") if self.options.flag("zipFilenameDynamic") else self.text("zip_name")
        yield own or "files.zip", packed.getvalue()

    def _paths(self, row: Row) -> list[str]:
        if self.options.flag("isFilenameDynamic"):
            place, mask = row.get("dynamicFieldname", ""), row.get("dynamicWildcard", "")
        else:
            place, mask = self.text("sourcefilefoldername"), self.text("sourcewildcard")
        rule = FileRule(self.resolve(place), self.resolve(mask), deep=self.options.flag("include_subfolders"))
        return expand([rule]) if rule.path else []

    def _read(self, path: str) -> bytes:
        with open_binary(self.run.outputs.resolve(path)) as stream:
            return stream.read()
