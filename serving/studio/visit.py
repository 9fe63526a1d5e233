"""One request for a page: what was asked, in which language, and how links and pages are made from it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from serving.studio.studio import Studio
from serving.studio.texts import Say, language

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

LONGEST = 2000  # characters of a parameter that are looked at


class Visit:
    """A request; parameters that were not given are "".

    Args:
        about: fields of a form that say what it is about, for the address of a page that shows it again.
    """

    def __init__(self, studio: Studio, request: "Request", about: Mapping[str, str] | None = None) -> None:
        self.studio = studio
        self.path = request.url.path
        self.say = Say(language(request))
        given = {**request.query_params, **(about or {})}
        self._given = {k: v[:LONGEST] for k, v in given.items() if k != "lang"}

    def __getitem__(self, name: str) -> str:
        return self._given.get(name, "").strip()

    def number(self, name: str, default: int, most: int = 10**6) -> int:
        """A whole number from 1; the default where there is none."""
        text = self[name]
        return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 10 else default

    def choice(self, name: str, *choices: str) -> str:
        """One of some words; the first where there is none or another one."""
        return self[name] if self[name] in choices else choices[0]

    def here(self, **changes: object) -> str:
        """The present address with some parameters changed; "" takes one away."""
        return link(self.path, **(self._given | changes))

    def pinned(self, mark: str) -> "Response | None":
        """The way to the same page under an address that names the state it shows, where the address names none.

        Who comes back to that address later, by the browser's Back say, sees a page that knows which state they saw.

        Args:
            mark: of the state as it is now; see `outdated`.
        """
        from starlette.responses import RedirectResponse

        return None if self["mark"] else RedirectResponse(self.here(mark=mark), 303)

    def outdated(self, mark: str) -> bool:
        """Whether the address names another state than that which is there now."""
        return self["mark"] != mark

    def given(self, prefix: str) -> dict[str, str]:
        """The parameters whose names begin with a prefix, without it; blanks are kept."""
        return {k.removeprefix(prefix): v for k, v in self._given.items() if k.startswith(prefix)}

    def page(self, template: str, title: str, **values: Any) -> str:
        """A page around a template; `title` is plain text."""
        return self.studio.render(
            template, say=self.say, visit=self, title=title, who=self.studio.who, token=self.studio.token, link=link,
            **values,
        )  # fmt: skip


def link(path: str, /, **parameters: object) -> str:
    """A path with parameters, those that are empty left out; no scheme or host can come from a parameter."""
    given = {k: str(v) for k, v in parameters.items() if v not in ("", None)}
    return f"{path}?{urlencode(given)}" if given else path
