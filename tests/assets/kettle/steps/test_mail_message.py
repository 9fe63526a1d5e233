"""The Mail step: messages of rows, attachments, rows that cannot be sent."""

import base64
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError, UnsupportedStepError
from core.errors import HeddleError
from tests.assets.kettle.flow import Flow, grid

FIELDS = ("to", "from", "name", "subject", "text", "who", "file")
NAMED = {
    "destination": "to",
    "replyto": "from",
    "replytoname": "name",
    "subject": "subject",
    "comment": "text",
    "contact_person": "who",
}
ROW = ("a@x.org b@x.org", "me@x.org", "Me", "Hello", "Some text", "Ann", "plain.txt")


def flow(*rows: tuple[str | None, ...], **tags: str) -> Flow:
    made = Flow().step("in", "DataGrid", grid(dict.fromkeys(FIELDS, "String"), list(rows)))
    return made.step("mail", "Mail", list({**NAMED, **tags}.items())).hop("in", "mail")


def sent(made: Flow) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    made.run(settings=EngineSettings(mail=messages.append))
    return messages


def test_a_row_becomes_a_message() -> None:
    message = sent(flow(ROW, use_HTML="Y"))[0]
    assert (message["to"], message["from"], message["subject"]) == (["a@x.org", "b@x.org"], "Me <me@x.org>", "Hello")
    assert message["text"].splitlines()[:2] == ["Some text", ""]
    assert "Person to contact : Ann" in message["text"]
    assert (message["html"], message["attachments"], message["cc"]) == (True, [], [])
    assert "Ann" not in sent(flow(ROW, only_comment="Y"))[0]["text"]


def test_the_rows_own_content_or_files_are_attached(tmp_path: Path) -> None:
    own = sent(flow(ROW, attachContentFromField="Y", attachContentField="text", attachContentFileNameField="file"))
    assert own[0]["attachments"] == [{"name": "plain.txt", "content": base64.b64encode(b"Some text").decode()}]
    for name in ("a.csv", "b.csv", "c.txt"):
        (tmp_path / name).write_text(name)
    files = {"include_files": "Y", "sourcefilefoldername": str(tmp_path), "sourcewildcard": r".*\.csv"}
    assert [a["name"] for a in sent(flow(ROW, **files))[0]["attachments"]] == ["a.csv", "b.csv"]
    (packed,) = sent(flow(ROW, zip_files="Y", zip_name="all.zip", **files))[0]["attachments"]
    assert packed["name"] == "all.zip"
    assert zipfile.ZipFile(BytesIO(base64.b64decode(packed["content"]))).namelist() == ["a.csv", "b.csv"]
    limit = {"zip_files": "Y", "zip_limit_size": "1"}
    assert len(sent(flow(ROW, **limit, **files))[0]["attachments"]) == 2


def test_rows_that_cannot_be_sent_go_to_the_error_hop() -> None:
    def refuse(message: dict[str, Any]) -> None:
        raise HeddleError(f"no such mailbox {message['to'][0]}", "correct it")

    made = flow((None, *ROW[1:]), ROW).step("bad", "Dummy").errors("mail", "bad", descriptions_valuename="why")
    done = made.run(settings=EngineSettings(mail=refuse))
    assert [row[-1] for row in done.rejected("mail")] == [
        "step 'mail': nobody is named to send to",
        "no such mailbox a@x.org",
    ]
    assert done.rows("mail") == []


def test_what_cannot_work_is_told() -> None:
    with pytest.raises(StepError, match="nobody takes here"):
        flow(ROW).run()
    with pytest.raises(StepError, match="the field for destination 'gone' is not in the input"):
        flow(ROW, destination="gone").run()
    made = Flow().step("mail", "Mail", [("embeddedimages", [("embeddedimage", [("image_name", "x.png")])])])
    with pytest.raises(UnsupportedStepError, match="embeds images"):
        made.run()
