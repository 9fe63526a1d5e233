"""The documents that Carte takes and gives."""

import base64
import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from assets.kettle.engine.result import Counters
from assets.kettle.external.request import ExternalError
from assets.kettle.formats.xml_safe import BadXml, parse_xml

KINDS = {False: ("transformation", "trans"), True: ("job", "job")}
RUNNING = ("running", "initializing", "preparing", "waiting", "paused", "halting")
MOST_LOG = 64 << 20
_STEP = {"linesRead": "read", "linesWritten": "written", "linesInput": "input", "linesOutput": "output",
         "linesUpdated": "updated", "linesRejected": "rejected", "errors": "errors"}  # fmt: skip


@dataclass(slots=True)
class Status:
    """How far a run is.

    Attributes:
        text: Carte's words: Waiting, Running, Paused, Stopped, Finished, Finished (with errors), ...
        log: the lines since the last question; `last_line` is where to go on.
        result: the flag of Carte's result, None before there is one.
    """

    name: str
    id: str
    text: str
    error: str = ""
    steps: dict[str, Counters] = field(default_factory=dict)
    log: str = ""
    last_line: int = 0
    result: bool | None = None
    errors: int = 0

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return not self.text.lower().startswith(RUNNING)

    @property
    def ok(self) -> bool:
        """Whether it has ended well."""
        good = self.text.lower() == "finished" and not self.errors and not any(s.errors for s in self.steps.values())
        return good and self.result is not False


def configuration(
    document: bytes, parameters: Mapping[str, str], variables: Mapping[str, str], level: str, *, job: bool
) -> bytes:
    """What addTrans or addJob takes: the file with its parameters and variables."""
    long = KINDS[job][0]
    root = etree.Element(f"{long}_configuration")
    root.append(parse_xml(document))
    execution = etree.SubElement(root, f"{long}_execution_configuration")
    for tag, text in (("exec_local", "Y"), ("exec_remote", "N"), ("pass_export", "N"), ("log_level", level)):
        etree.SubElement(execution, tag).text = text
    for group, single, values in (("parameters", "parameter", parameters), ("variables", "variable", variables)):
        holder = etree.SubElement(execution, group)
        for name, value in values.items():
            one = etree.SubElement(holder, single)
            etree.SubElement(one, "name").text = name
            etree.SubElement(one, "value").text = value
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _root(data: bytes, tag: str) -> Any:
    try:
        root = parse_xml(data)
    except BadXml as error:
        raise ExternalError(f"Carte's answer is {error}", "check that the address is Carte's") from error
    if root.tag != tag:
        raise ExternalError(f"Carte answered <{root.tag}> instead of <{tag}>", "check that the address is Carte's")
    return root


def web_result(data: bytes) -> str:
    """The object id in a `<webresult>`, "" without one. Raises ExternalError with the message of a refusal."""
    root = _root(data, "webresult")
    if (root.findtext("result") or "").upper() != "OK":
        message = " ".join((root.findtext("message") or "no reason is told").split())
        raise ExternalError(f"Carte refuses: {message[:500]}", "see Carte's log")
    return str(root.findtext("id") or "").strip()


def status(data: bytes, *, job: bool) -> Status:
    """The status in a `<transstatus>` or `<jobstatus>`."""
    short = KINDS[job][1]
    root = _root(data, f"{short}status")

    def text(tag: str) -> str:
        return str(root.findtext(tag) or "").strip()

    steps: dict[str, Counters] = {}
    for element in root.findall("stepstatuslist/stepstatus"):
        counters = steps.setdefault(str(element.findtext("stepname") or ""), Counters())
        counters.add(**{name: _number(element.findtext(tag)) for tag, name in _STEP.items()})
    result = root.find("result")
    flag = None if result is None else (result.findtext("result") or "").strip().upper() in ("Y", "TRUE")
    return Status(
        text(f"{short}name"),
        text("id"),
        text("status_desc"),
        text("error_desc"),
        steps,
        decoded(text("logging_string")),
        _number(text("last_log_line_nr")),
        flag,
        0 if result is None else _number(result.findtext("nr_errors")),
    )


def _number(text: str | None) -> int:
    digits = (text or "").strip()
    return int(digits) if digits.lstrip("-").isdigit() else 0


def decoded(text: str) -> str:
    """The log: base64 of gzip, with CDATA marks around it as text. Raises ExternalError when it is neither."""
    text = text.removeprefix("<![CDATA[").removesuffix("]]>").strip()
    if not text:
        return ""
    try:
        unpacked = zlib.decompressobj(wbits=31).decompress(base64.b64decode(text, validate=False), MOST_LOG)
    except (ValueError, zlib.error, EOFError) as error:
        raise ExternalError(f"Carte's log cannot be unpacked: {error}", "check Carte's version") from error
    return unpacked.decode("utf-8", "replace")


def encoded(text: str) -> str:
    """A log as Carte sends it."""
    return f"<![CDATA[{base64.b64encode(gzip.compress(text.encode())).decode()}]]>"
