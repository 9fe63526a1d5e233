"""A small SFTP server over a folder, by paramiko."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if (username, password) == ("me", "secret") else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class Files(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, root: Path) -> None:
        super().__init__(server)
        self.root = root

    def place(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def list_folder(self, path: str) -> list[Any]:
        items = []
        for found in self.place(path).iterdir():
            item = paramiko.SFTPAttributes.from_stat(found.stat())
            item.filename = found.name
            items.append(item)
        return items

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(self.place(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        try:
            stream = os.fdopen(os.open(self.place(path), flags, 0o666), "r+b" if flags & os.O_WRONLY else "rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = handle.writefile = stream
        handle.stat = lambda: paramiko.SFTPAttributes.from_stat(self.place(path).stat())
        return handle

    def remove(self, path: str) -> int:
        self.place(path).unlink()
        return paramiko.SFTP_OK

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        self.place(oldpath).replace(self.place(newpath))
        return paramiko.SFTP_OK

    def mkdir(self, path: str, attr: Any) -> int:
        self.place(path).mkdir()
        return paramiko.SFTP_OK


@contextmanager
def sftp(root: Path) -> Iterator[int]:
    """The port of a server over the folder that runs while the body does; the login is me/secret."""
    listener = socket.create_server(("127.0.0.1", 0))
    key, transports = paramiko.RSAKey.generate(2048), []

    def serve() -> None:
        while True:
            try:
                channel, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(channel)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files, root)
            transport.start_server(server=_Login())
            transports.append(transport)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for transport in transports:
            transport.close()
