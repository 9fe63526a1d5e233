"""Entries that fetch and send files over FTP, SFTP and HTTP, and reach other machines."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import obscure
from tests.assets.kettle.jobs.entries.entry import Ran, fields, rows
from tests.assets.kettle.jobs.entries.test_files import names, tree
from tests.fakes.ftp import ftp


def test_ftp_get_put_delete(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    tree(there, in__a_txt="one\ntwo\n", in__b_csv="2")
    tree(here, c_txt="3\n")
    (there / "done").mkdir()
    with ftp(there) as server:
        login = {"servername": "127.0.0.1", "port": server.port, "username": "me", "password": obscure("secret")}
        get = {"ftpdirectory": "in", "targetdirectory": here, "wildcard": r".*\.txt", **login}
        done = Ran("FTP", binary="Y", movefiles="Y", movetodirectory="../done", **get)
        assert done.ok and done.result.lines.written == 1 and (here / "a.txt").read_text() == "one\ntwo\n"
        assert names(there) == ["done/a.txt", "in/b.csv"] and done.files == [str(here / "a.txt")]
        assert Ran("FTP", remove="Y", binary="N", only_new="Y", **(get | {"wildcard": ""})).ok
        assert (here / "b.csv").read_text() == "2\n" and names(there / "in") == []
        put = {"remoteDirectory": "in", "localDirectory": here, **login}
        put["serverport"] = put.pop("port")
        sent = Ran("FTP_PUT", binary="Y", remove="Y", wildcard=r".*\.txt", **put)
        assert sent.ok and sent.result.lines.written == 2 and names(there / "in") == ["a.txt", "c.txt"]
        given = Result(rows=rows("n", ("a.txt",)))
        gone = Ran("FTP_DELETE", result=given, copyprevious="Y", protocol="FTP", ftpdirectory="in", **login)
        assert gone.ok and gone.result.lines.written == 1 and names(there / "in") == ["c.txt"]
        with pytest.raises(KettleError, match="530 wrong") as refused:
            Ran("FTP", **(get | {"password": "other-word"}))
        assert "other-word" not in str(refused.value)
        with pytest.raises(KettleError, match="550 no such folder"):
            Ran("FTP", **(get | {"ftpdirectory": "nowhere"}))


def test_sftp_get_put_delete(tmp_path: Path) -> None:
    pytest.importorskip("paramiko")
    from tests.fakes.sftp import sftp

    there, here = tmp_path / "there", tmp_path / "here"
    tree(there, in__a_txt="1", in__b_csv="2", in__s__c_txt="3")
    with sftp(there) as port:
        login = {"servername": "127.0.0.1", "serverport": port, "username": "me", "password": obscure("secret")}
        get = {"sftpdirectory": "/in", "targetdirectory": here, "createtargetfolder": "Y", **login}
        done = Ran("SFTP", wildcard=r".*\.txt", isaddresult="Y", remove="Y", **get)
        assert done.ok and names(here) == ["a.txt"] and done.result.lines.written == 1
        assert names(there) == ["in/b.csv", "in/s/c.txt"]
        put = {"sftpdirectory": "/new/deep", "createRemoteFolder": "Y", "localdirectory": here, **login}
        sent = Ran("SFTPPUT", aftersftpput="delete", **put)
        assert sent.ok and names(there / "new") == ["deep/a.txt"] and names(here) == []
        assert not Ran("SFTPPUT", **put).ok and Ran("SFTPPUT", successWhenNoFile="Y", **put).ok
        delete = {"protocol": "SFTP", "ftpdirectory": "/new/deep", "wildcard": "a.*", **login}
        assert Ran("FTP_DELETE", **delete).result.lines.written == 1 and names(there / "new") == []
        with pytest.raises(KettleError, match="Authentication failed"):
            Ran("SFTP", **(get | {"password": "wrong"}))


class _Web(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keeps quiet."""

    def do_GET(self) -> None:
        if self.path == "/old":
            self.reply(302, b"", location="/data")
        elif self.path.startswith("/data"):
            self.reply(200, f"{self.headers.get('X-Key', '')}|{self.headers.get('Authorization', '')}".encode())
        else:
            self.reply(404, b"")

    def do_POST(self) -> None:
        self.reply(200, b"got " + self.rfile.read(int(self.headers["Content-Length"])))

    def reply(self, code: int, body: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, text in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Web)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_http_fetches_posts_and_leaves_what_was_there_on_failure(web: str, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    header = fields({"header_name": "X-Key", "header_value": "${K}"}, group="headers", one="header")
    login = {"username": "me", "password": obscure("pw")}
    done = Ran("HTTP", header, url=f"{web}/old", targetfilename=target, variables={"K": "k"}, **login)
    assert done.ok and target.read_text() == "k|Basic bWU6cHc=" and done.files == [str(target)]
    source = tree(tmp_path, body_txt="body") / "body.txt"
    assert Ran("HTTP", url=web, uploadfilename=source, targetfilename=target, file_appended="Y").ok
    assert target.read_text() == "k|Basic bWU6cHc=got body"
    with pytest.raises(KettleError, match="status 404"):
        Ran("HTTP", url=f"{web}/none?token=hidden", targetfilename=target)
    assert target.read_text().endswith("got body") and names(tmp_path) == ["body.txt", "out.txt"]
    given = Result(rows=rows("URL DESTINATION", (f"{web}/data/1", str(tmp_path / "1")), (f"{web}/data/2", str(target))))
    assert Ran("HTTP", result=given, run_every_row="Y", targetfilename=target, date_time_added="N").ok
    assert (tmp_path / "1").read_text() == "|"


def test_services_and_ports_that_answer(web: str) -> None:
    port = int(web.rsplit(":", 1)[1])
    assert Ran("WEBSERVICE_AVAILABLE", url=f"{web}/data", connectTimeOut=1000, readTimeOut=1000).ok
    missing = Ran("WEBSERVICE_AVAILABLE", url=f"{web}/none")
    assert not missing.ok and "status 404" in missing.log
    assert Ran("TELNET", hostname="127.0.0.1", port=port, timeout=1000).ok
    with socket.create_server(("127.0.0.1", 0)) as unused:
        free = unused.getsockname()[1]
    refused = Ran("TELNET", hostname="127.0.0.1", port=free, timeout=500)
    assert not refused.ok and refused.result.errors == 1 and "refused" in refused.log
    assert Ran("PING", hostname="127.0.0.1", pingtype="classicPing", timeout=1000).ok
    with pytest.raises(KettleError, match="no host name"):
        Ran("PING", hostname="-f 127.0.0.1")


def test_syslog_sends_one_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        where = {"servername": "127.0.0.1", "port": server.getsockname()[1], "facility": "LOCAL0", "priority": "ERROR"}
        assert Ran("SYSLOG", message="it is ${X}", addTimestamp="N", addHostName="N", variables={"X": "so"}, **where).ok
        assert server.recv(1000) == b"<131>it is so"
        Ran("SYSLOG", message="m", addTimestamp="Y", datePattern="yyyy", addHostName="N", **where)
        assert server.recv(1000)[5:7] == b"20"
