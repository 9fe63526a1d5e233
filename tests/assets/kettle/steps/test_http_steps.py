"""HTTP client, post, REST, availability against a server in a thread; Kafka against its library's mock cluster."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.errors import StepError
from assets.kettle.formats.http_client import shown
from tests.assets.kettle.flow import Flow, Outcome, grid


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked; /denied with 401, /missing with 404, /moved with a redirect."""

    def answer(self) -> None:
        """One answer for all methods."""
        length = int(self.headers.get("Content-Length") or 0)
        said: dict[str, str | None] = {
            "method": self.command,
            "path": self.path,
            "body": self.rfile.read(length).decode(),
        }
        said |= {
            "type": self.headers.get("Content-Type"),
            "own": self.headers.get("X-Own"),
            "auth": self.headers.get("Authorization"),
        }
        body = json.dumps(said).encode()
        code = {"/denied": 401, "/missing": 404, "/moved": 302}.get(self.path.split("?")[0], 200)
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/there")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # the names that the server looks for

    def log_message(self, format: str, *args: object) -> None:  # the name that the server uses
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a running server."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()


RESULT = ("result", [("name", "answer"), ("code", "status"), ("response_time", "ms")])


def ask(kind: str, options: list[tuple[str, Any]], names: dict[str, str], *rows: tuple[Any, ...]) -> Outcome:
    flow = Flow().step("g", "DataGrid", grid(names, list(rows))).step("h", kind, [*options, RESULT])
    return flow.hop("g", "h").run()


def said(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outcome.column("h", "answer")[0])
    return found


def test_get_with_parameters_headers_and_login(server: str) -> None:
    lookup = [("arg", [("name", "q"), ("parameter", "find")]), ("header", [("name", "q"), ("parameter", "X-Own")])]
    options = [("url", f"{server}/x?a=1"), ("httpLogin", "me"), ("httpPassword", "secret"), ("lookup", lookup)]
    outcome = ask("HTTP", options, {"q": "String"}, ("b c&",))
    assert said(outcome)["path"] == "/x?a=1&find=b%20c%26"
    assert said(outcome)["own"] == "b c&"
    assert said(outcome)["auth"].startswith("Basic ")
    assert outcome.column("h", "status") == [200]
    assert outcome.column("h", "ms")[0] >= 0


def test_other_answers_are_results_and_redirects_are_followed(server: str) -> None:
    options = [("urlInField", "Y"), ("urlField", "u")]
    outcome = ask("HTTP", options, {"u": "String"}, (f"{server}/missing",), (f"{server}/moved",))
    assert outcome.column("h", "status") == [404, 200]


def test_denied_and_unreachable_are_errors_without_credentials(server: str) -> None:
    secret = server.replace("http://", "http://me:hidden@")
    with pytest.raises(StepError, match="401") as caught:
        ask("HTTP", [("url", f"{secret}/denied?password=alsohidden")], {"q": "String"}, ("x",))
    assert "hidden" not in str(caught.value)
    flow = Flow().step("g", "DataGrid", grid({"q": "String"}, [("x",)]))
    flow.step("h", "HTTP", [("url", "http://127.0.0.1:9/"), RESULT]).step("bad", "Dummy").hop("g", "h")
    assert flow.errors("h", "bad", codes_valuename="code").run().rows("bad") == [("x", "HTTP001")]


def test_post_of_a_body_or_a_form(server: str) -> None:
    options = [("url", f"{server}/p"), ("requestEntity", "body"), ("encoding", "UTF-8")]
    told = said(ask("HTTPPOST", options, {"body": "String"}, ("<é/>",)))
    assert (told["method"], told["body"], told["type"]) == ("POST", "<é/>", "text/xml; charset=UTF-8")
    lookup = [("arg", [("name", "body"), ("parameter", "f"), ("header", "N")])]
    told = said(ask("HTTPPOST", [("url", f"{server}/p"), ("lookup", lookup)], {"body": "String"}, ("a b",)))
    assert (told["body"], told["type"]) == ("f=a+b", "application/x-www-form-urlencoded")


def test_rest_with_method_body_parameters(server: str) -> None:
    options: list[tuple[str, Any]] = [
        ("url", f"{server}/r"),
        ("method", "PUT"),
        ("bodyField", "b"),
        ("applicationType", "JSON"),
    ]
    options += [("parameters", [("parameter", [("field", "q"), ("name", "p")])])]
    options += [("matrixParameters", [("matrixParameter", [("field", "q"), ("name", "m")])])]
    told = said(ask("Rest", options, {"b": "String", "q": "String"}, ('{"a":1}', "1")))
    assert (told["method"], told["path"], told["body"], told["type"]) == (
        "PUT",
        "/r;m=1?p=1",
        '{"a":1}',
        "application/json",
    )


def test_feed_items_from_an_address(feed: str) -> None:
    columns = [("field", [("name", n), ("column", c), ("type", "String")]) for n, c in (("t", "Title"), ("l", "Link"))]
    options: list[tuple[str, Any]] = [("urls", [("url", feed)]), ("fields", columns)]
    assert Flow().step("in", "RssInput", options).run().rows("in") == [("A & B", "http://x/1"), ("C", None)]


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[str]:
    """The address of a feed."""
    text = "<rss><channel><item><title>A &amp; B</title><link>http://x/1</link></item><item><title>C</title></item>"
    (tmp_path / "feed.xml").write_text(f"{text}</channel></rss>")
    made = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}/feed.xml"
    made.shutdown()
    made.server_close()


def test_availability(server: str) -> None:
    options = [("urlField", "u"), ("resultfieldname", "up"), ("connectTimeOut", "500"), ("readTimeOut", "2000")]
    urls = [(f"{server}/x",), (f"{server}/missing",), ("http://127.0.0.1:9/",)]
    flow = Flow().step("g", "DataGrid", grid({"u": "String"}, urls)).step("w", "WebServiceAvailable", options)
    assert flow.hop("g", "w").run().column("w", "up") == [True, False, False]


def test_addresses_are_shown_without_secrets() -> None:
    assert shown("https://u:p@h:8/x?token=1&a=2") == "https://h:8/x?token=***&a=2"


def test_syslog_messages() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        options = [("servername", "127.0.0.1"), ("port", str(receiver.getsockname()[1])), ("messagefieldname", "m")]
        options += [("facility", "LOCAL0"), ("priority", "ERROR")]
        flow = Flow().step("g", "DataGrid", grid({"m": "String"}, [("hello",)])).step("s", "SyslogMessage", options)
        assert flow.hop("g", "s").run().rows("s") == [("hello",)]
        assert receiver.recv(100) == b"<131>hello"


WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"><types>
 <x:schema targetNamespace="urn:t" elementFormDefault="qualified">
 <x:element name="Twice"><x:complexType><x:sequence><x:element name="n" type="x:int"/></x:sequence></x:complexType>
 </x:element><x:element name="TwiceResponse"><x:complexType><x:sequence>
 <x:element name="TwiceResult" type="x:decimal"/></x:sequence></x:complexType></x:element></x:schema></types>
 <message name="in"><part name="p" element="t:Twice"/></message>
 <message name="out"><part name="p" element="t:TwiceResponse"/></message>
 <portType name="pt"><operation name="Twice"><input message="t:in"/><output message="t:out"/></operation></portType>
 <binding name="b" type="t:pt"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Twice">
 <s:operation soapAction="urn:t:Twice"/><input><s:body use="literal"/></input><output><s:body use="literal"/></output>
 </operation></binding><service name="sv"><port name="po" binding="t:b"><s:address location="ADDRESS"/></port></service>
</definitions>"""


class Soap(BaseHTTPRequestHandler):
    """Doubles a number; 13 makes it fail."""

    def do_POST(self) -> None:  # the name that the server looks for
        """The operation."""
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        number = int(re.findall(r"n>(\d+)<", asked)[0])
        body = f'<TwiceResponse xmlns="urn:t"><TwiceResult>{number * 2}.5</TwiceResult></TwiceResponse>'
        space = "http://schemas.xmlsoap.org/soap/envelope/"
        data = f'<e:Envelope xmlns:e="{space}"><e:Body>{body}</e:Body></e:Envelope>'.encode()
        self.send_response(500 if number == 13 else 200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # the name that the server uses
        """Says nothing."""


def test_soap_operation(tmp_path: Path) -> None:
    pytest.importorskip("zeep")
    made = ThreadingHTTPServer(("127.0.0.1", 0), Soap)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    wsdl = tmp_path / "s.wsdl"
    wsdl.write_text(WSDL.replace("ADDRESS", f"http://127.0.0.1:{made.server_address[1]}/"))
    sent = [("field", [("name", "i"), ("wsName", "n"), ("xsdType", "int")])]
    taken = [("field", [("name", "r"), ("wsName", "TwiceResult"), ("xsdType", "decimal")])]
    options: list[tuple[str, Any]] = [("wsURL", str(wsdl)), ("wsOperation", "Twice"), ("passingInputData", "Y")]
    options += [("fieldsIn", sent), ("fieldsOut", taken)]
    flow = Flow().step("g", "DataGrid", grid({"i": "Integer"}, [("2",), ("13",), ("5",)]))
    flow.step("w", "WebServiceLookup", options).step("bad", "Dummy").hop("g", "w")
    outcome = flow.errors("w", "bad", codes_valuename="code").run()
    made.shutdown()
    made.server_close()
    assert outcome.rows("w") == [(2, "4.5"), (5, "10.5")]
    assert outcome.rows("bad") == [(13, "WebServiceLookup001")]


@pytest.fixture
def kafka() -> Iterator[str]:
    """A mock cluster inside the library."""
    library = pytest.importorskip("confluent_kafka")
    holder = library.Producer({"bootstrap.servers": "ignored", "test.mock.num.brokers": 1})
    metadata = holder.list_topics(timeout=10)
    broker = next(iter(metadata.brokers.values()))
    yield f"{broker.host}:{broker.port}"
    holder.flush(1)


def test_kafka_there_and_back(kafka: str) -> None:
    sending = [("directBootstrapServers", kafka), ("topic", "t"), ("keyField", "k"), ("messageField", "m")]
    flow = Flow().step("g", "DataGrid", grid({"k": "String", "m": "String"}, [("1", "a"), (None, "b")]))
    outcome = flow.step("out", "KafkaProducerOutput", sending).hop("g", "out").run()
    assert outcome.counters["out"].output == 2
    reading = Flow().step(
        "in", "KafkaConsumerInput", [("directBootstrapServers", kafka), ("topic", "t"), ("batchSize", "10")]
    )
    holder = reading.model.steps["in"].options.element
    for part in ("key", "message"):
        field = holder.makeelement("OutputField", {"kafkaName": part, "type": "String"})
        field.text = part
        holder.append(field)
    assert sorted(reading.run().rows("in"), key=str) == [("1", "a"), (None, "b")]


def test_kafka_without_servers_names_the_step() -> None:
    with pytest.raises(StepError, match="bootstrap"):
        Flow().step("in", "KafkaConsumerInput", [("topic", "t")]).run()
