"""Entries on mail."""

import base64
import email
import io
import socketserver
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.engine.result import Result
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from core.errors import NotifyError
from tests.assets.kettle.jobs.entries.entry import Ran, files

MESSAGE = """\
Subject: hello
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

body
--x
Content-Type: text/csv
Content-Disposition: attachment; filename="../data.csv"
Content-Transfer-Encoding: base64

MTsy
--x--
"""


def test_a_message_goes_to_the_notifier_with_its_files(tmp_path: Path) -> None:
    sent: list[dict[str, Any]] = []
    settings = EngineSettings(mail=sent.append)
    (tmp_path / "a.log").write_text("lines")
    (tmp_path / "b.csv").write_text("1;2")
    given = Result(files=[*files(tmp_path / "a.log", kind="LOG"), *files(tmp_path / "b.csv")], errors=2)
    tags = {"destination": "a@example.org ${B}", "replyto": "me@example.org", "subject": "S ${B}", "comment": "C"}
    kinds = [("filetypes", [("filetype", "LOG")])]
    variables = {"B": "b@example.org"}
    done = Ran("MAIL", kinds, include_files="Y", settings=settings, result=given, variables=variables, **tags)
    message = sent[0]
    assert done.ok and message["to"] == ["a@example.org", "b@example.org"] and message["subject"] == "S b@example.org"
    assert message["text"].startswith("C\n") and "Errors: 2" in message["text"] and message["id"]
    assert [(a["name"], base64.b64decode(a["content"])) for a in message["attachments"]] == [("a.log", b"lines")]
    Ran("MAIL", kinds, include_files="Y", zip_files="Y", zip_name="all.zip", only_comment="Y", settings=settings,
        result=given, **tags)  # fmt: skip
    assert sent[1]["text"] == "C" and sent[1]["attachments"][0]["name"] == "all.zip"
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(sent[1]["attachments"][0]["content"]))) as archive:
        assert archive.namelist() == ["a.log"]


def test_mail_that_cannot_go_is_told() -> None:
    def fails(message: dict[str, Any]) -> None:
        raise NotifyError("the receiver is away", "wait")

    with pytest.raises(KettleError, match="nobody takes here"):
        Ran("MAIL", destination="a@example.org")
    with pytest.raises(KettleError, match="receiver is away"):
        Ran("MAIL", destination="a@example.org", settings=EngineSettings(mail=fails))
    with pytest.raises(KettleError, match="nobody is named"):
        Ran("MAIL", destination="", settings=EngineSettings(mail=fails))


def test_addresses_are_checked() -> None:
    assert Ran("MAIL_VALIDATOR", emailAddress="a@example.org b.c@sub.example.org").ok
    bad = Ran("MAIL_VALIDATOR", emailAddress="a@example.org nonsense")
    assert not bad.ok and "nonsense" in bad.log and bad.result.errors == 1
    assert not Ran("MAIL_VALIDATOR", emailAddress="a@example.org", smtpCheck="Y").ok


class _Pop(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        self.say("+OK hello")
        for raw in self.rfile:
            verb, _, text = raw.decode().strip().partition(" ")
            if verb == "PASS":
                self.say("+OK" if text == "secret" else "-ERR wrong")
            elif verb == "STAT":
                self.say(f"+OK {len(self.server.box)} 100")
            elif verb == "RETR":
                lines = self.server.box[int(text) - 1].splitlines()
                self.say("\r\n".join(["+OK", *lines, "."]))
            elif verb == "DELE":
                self.server.deleted.append(int(text))
                self.say("+OK")
            else:
                self.say("+OK")
            if verb == "QUIT":
                return

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def pop(*messages: str) -> Iterator[Any]:
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def __init__(self) -> None:
            super().__init__(("127.0.0.1", 0), _Pop)
            self.box, self.deleted = list(messages), list[int]()

    server = Server()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_messages_and_attachments_are_fetched(tmp_path: Path) -> None:
    with pop(MESSAGE, MESSAGE.replace("hello", "second")) as server:
        login = {"servername": "127.0.0.1", "sslport": server.server_address[1], "username": "me"}
        where = {"outputdirectory": tmp_path / "mail", "createlocalfolder": "Y", "protocol": "POP3"}
        name = {"filenamepattern": "m_#IdFile#.eml", "saveattachment": "Y", "savemessage": "Y"}
        done = Ran("GET_POP", password="secret", delete="Y", retrievemails=2, firstmails=1, **login, **where, **name)
        assert done.ok and done.result.lines.written == 1 and server.deleted == [1]
        folder = tmp_path / "mail"
        assert sorted(p.name for p in folder.iterdir()) == ["_data.csv", "m_1.eml"]
        assert email.message_from_bytes((folder / "m_1.eml").read_bytes())["Subject"] == "hello"
        assert (folder / "_data.csv").read_text() == "1;2" and list(tmp_path.iterdir()) == [folder]
        with pytest.raises(KettleError, match="wrong"):
            Ran("GET_POP", password="other", **login, **where, **name)
