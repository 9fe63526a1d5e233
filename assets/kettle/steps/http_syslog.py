"""Syslog message: one UDP datagram per row."""

import socket
from collections.abc import Mapping

import polars as pl

from assets.kettle.engine.step import RowStep
from assets.kettle.errors import StepError
from assets.kettle.formats.output_name import stamp
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Layout

FACILITIES = ("KERNEL", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON", "AUTHPRIV", "FTP")
LOCALS = {f"LOCAL{i}": 16 + i for i in range(8)}
PRIORITIES = {"EMERGENCY": 0, "ALERT": 1, "CRITICAL": 2, "ERROR": 3, "WARNING": 4, "NOTICE": 5, "INFO": 6, "DEBUG": 7}


class SyslogMessage(RowStep):
    """Sends the message field of each row to a syslog server; rows go on unchanged."""

    types = ("SyslogMessage",)

    def setup(self) -> None:
        """Reads server, facility and priority."""
        facility = self.text("facility", default="USER").upper()
        numbers = {name: number for number, name in enumerate(FACILITIES)} | LOCALS
        self.code = numbers.get(facility, 1) * 8 + PRIORITIES.get(self.text("priority", default="INFO").upper(), 6)
        self.server = (self.text("servername"), self.integer("port", default=514))
        if not self.server[0]:
            raise StepError(self.name, "no server is given", "name the syslog server")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        self.message = self.field(layout, self.options.text("messagefieldname"), "the message field")
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Sends them."""
        head = ""
        if self.options.flag("addTimestamp"):
            head += stamp(self.run.started, self.text("datePattern", default="MMM dd HH:mm:ss")) + " "
        if self.options.flag("addHostName"):
            head += socket.gethostname() + " "
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for text in to_text(frame[self.message.name], self.message):
                    sender.sendto(f"<{self.code}>{head}{text or ''}".encode(), self.server)
        except OSError as error:
            raise StepError(self.name, f"{self.server[0]}: {error}", "check the server's name") from error
        return frame
