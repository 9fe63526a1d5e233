"""The studio as a browser without scripts uses it: pages read, their forms filled in and sent."""

from typing import Any

import httpx
from bs4 import BeautifulSoup
from starlette.testclient import TestClient

from serving.studio.app import build
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOST

OURS = {"origin": HOST}
File = tuple[str, bytes]


class Reader:
    """One browser of one person."""

    def __init__(self, studio: Studio) -> None:
        self.client = TestClient(build(studio), base_url=HOST)

    def get(self, path: str, **parameters: str) -> httpx.Response:
        return self.client.get(path, params=parameters or None)

    def form(self, path: str, action: str, **parameters: str) -> dict[str, str]:
        """What the form of a page that sends to `action` would send as it is."""
        return filled(self.get(path, **parameters).text, action)

    def send(self, path: str, fields: dict[str, str], files: dict[str, File] | None = None, **headers: str) -> Any:
        """The answer to a form, without following it."""
        return self.client.post(path, data=fields, files=files, headers=OURS | headers, follow_redirects=False)

    def done(self, path: str, fields: dict[str, str], files: dict[str, File] | None = None) -> str:
        """The page that a form leads to."""
        answer = self.send(path, fields, files)
        assert answer.status_code == 303, errors(answer.text) or answer.text
        return self.client.get(answer.headers["location"]).text


def filled(page: str, action: str) -> dict[str, str]:
    """The fields of a form as they are in the page."""
    form: Any = BeautifulSoup(page, "html.parser").find("form", method="post", action=action)
    assert form is not None, f"no form to {action}"
    found: dict[str, str] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        if field.name == "textarea":
            found[field["name"]] = field.get_text().removeprefix("\n")
        elif field.name == "select":
            chosen = field.find("option", selected=True) or field.find("option")
            found[field["name"]] = chosen.get("value", chosen.get_text()) if chosen else ""
        elif field.get("type") == "file" or (field.get("type") == "checkbox" and not field.has_attr("checked")):
            continue
        else:
            found[field["name"]] = field.get("value", "")
    return found


def errors(page: str) -> dict[str, str]:
    """Field -> the error beside it; "" of the form as a whole."""
    soup = BeautifulSoup(page, "html.parser")
    told = {str(e["id"]).removeprefix("e-"): e.get_text() for e in soup.select(".error[id]")}
    whole = " ".join(e.get_text(" ") for e in soup.select("p.error"))
    beside = {str(f["aria-describedby"]).removeprefix("e-") for f in soup.select("[aria-invalid=true]")}
    assert beside <= told.keys(), "an error that is beside nothing"
    return told | ({"": whole} if whole else {})
