"""A small FTP server over a folder: passive transfers, list, fetch, store, delete, rename."""

import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.serving import running


class FakeFtp(socketserver.ThreadingTCPServer):
    """The server; `root` is its folder, the login is me/secret."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.root = root

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: FakeFtp

    def handle(self) -> None:
        self.folder, self.old, self.data = self.server.root, "", socket.socket()
        self.say("220 ready")
        for raw in self.rfile:
            verb, _, text = raw.decode().strip().partition(" ")
            handler = getattr(self, f"on_{verb.lower()}", None)
            if handler is None:
                self.say("502 unknown")
            else:
                handler(text)
            if verb.upper() == "QUIT":
                break
        self.data.close()

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def on_user(self, text: str) -> None:
        self.say("331 password")

    def on_pass(self, text: str) -> None:
        self.say("230 in" if text == "secret" else "530 wrong")

    def on_type(self, text: str) -> None:
        self.say("200 fine")

    def on_quit(self, text: str) -> None:
        self.say("221 bye")

    def on_cwd(self, text: str) -> None:
        folder = self.server.root / text.lstrip("/")
        if folder.is_dir():
            self.folder = folder
        self.say("250 fine" if folder.is_dir() else "550 no such folder")

    def on_pasv(self, text: str) -> None:
        self.data = socket.create_server(("127.0.0.1", 0))
        port = self.data.getsockname()[1]
        self.say(f"227 Entering (127,0,0,1,{port >> 8},{port & 255})")

    def send(self, data: bytes) -> None:
        self.say("150 sending")
        channel, _ = self.data.accept()
        with channel, self.data:
            channel.sendall(data)
        self.say("226 done")

    def on_nlst(self, text: str) -> None:
        self.send("".join(f"{p.name}\r\n" for p in self.folder.iterdir() if p.is_file()).encode())

    def on_retr(self, text: str) -> None:
        self.send((self.folder / text).read_bytes())

    def on_stor(self, text: str) -> None:
        self.say("150 taking")
        channel, _ = self.data.accept()
        with channel, self.data, (self.folder / text).open("wb") as target:
            while data := channel.recv(65536):
                target.write(data)
        self.say("226 done")

    def on_dele(self, text: str) -> None:
        (self.folder / text).unlink()
        self.say("250 deleted")

    def on_rnfr(self, text: str) -> None:
        self.old = text
        self.say("350 whereto")

    def on_rnto(self, text: str) -> None:
        (self.folder / self.old).rename(self.folder / text)
        self.say("250 renamed")


@contextmanager
def ftp(root: Path) -> Iterator[FakeFtp]:
    """A server over the folder that runs while the body does."""
    with running(FakeFtp(root)) as server:
        yield server
