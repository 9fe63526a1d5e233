"""References in a source's URL: secrets by `${env:NAME}` and `${file:/path}`, settings by `${heddle:NAME}`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from core.settings import Settings, redact, scrub
from resources.secrets import resolve

REFERENCE = re.compile(r"\$\{(?P<kind>[^:}]*):?(?P<name>[^}]*)\}")
WHOLE = re.compile(r"\$\{(env|file|heddle):[^}]+\}")
SETTINGS = ("warehouse", "retail", "kettle_files", "handbook", "drops", "home", "catalog")


@dataclass(frozen=True)
class Address:
    """A resolved URL.

    Attributes:
        url: with secrets; never stored or shown.
        shown: without.
    """

    url: str
    shown: str
    secrets: tuple[str, ...] = ()

    def clean(self, text: object) -> str:
        """An engine's message without any secret it may quote."""
        cleaned = scrub(str(text).strip(), self.url)
        for secret in self.secrets:
            cleaned = cleaned.replace(secret, "***").replace(quote(secret, safe=""), "***")
        return cleaned


def scheme_of(url: str) -> str:
    """The kind of a source, without the driver that the URL names."""
    return url.partition(":")[0].partition("+")[0].lower()


def check(url: str) -> None:
    """Raises ValueError when a reference is of no known kind."""
    for found in REFERENCE.finditer(url):
        kind, name = found["kind"], found["name"]
        if kind not in ("env", "file", "heddle") or not name:
            raise ValueError(f"{found.group()} is no reference; write ${{env:NAME}}, ${{file:/path}}, ${{heddle:NAME}}")
        if kind == "heddle" and name not in SETTINGS:
            raise ValueError(f"{found.group()} names no setting of {', '.join(SETTINGS)}")


def address(url: str, source: str, settings: Settings, environ: Mapping[str, str]) -> Address:
    """Resolves the references of a source's URL. A secret within a URL is escaped; one that is the URL is taken as is.

    Raises:
        SettingsError: a secret is missing.
    """
    secrets: list[str] = []
    whole = WHOLE.fullmatch(url) is not None

    def secret(found: re.Match[str]) -> str:
        value = resolve(f"{found['kind']}:{found['name']}", f"the url of source {source}", environ)
        if whole:
            password = urlsplit(value).password
            secrets.extend([value, *([password] if password else [])])
            return value
        secrets.append(value)
        return quote(value, safe="")

    plain = REFERENCE.sub(lambda m: _setting(m["name"], settings) if m["kind"] == "heddle" else m.group(), url)
    resolved = REFERENCE.sub(secret, plain)
    return Address(resolved, redact(plain), tuple(secrets))


def _setting(name: str, settings: Settings) -> str:
    if name == "retail":
        from assets.sources.retail_files import folder

        return f"file://{folder(settings)}"
    value = str(getattr(settings, name))
    return f"file://{value}" if name in ("kettle_files", "handbook", "drops", "home") else value
