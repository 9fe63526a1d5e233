"""RSS input: the items of feeds."""

from collections.abc import Mapping, Sequence
from typing import Any

from assets.kettle.formats.file_list import FileRule
from assets.kettle.formats.http_client import fetch
from assets.kettle.formats.xml_safe import BadXml, parse_xml, without_namespaces
from assets.kettle.steps.file_documents import BadDocument, Document, DocumentStep

# what a column holds -> the elements that it may be in, RSS and Atom
PLACES = {
    "title": ("title",),
    "link": ("link",),
    "description": ("description", "summary", "content"),
    "descriptionandcontent": ("encoded", "description", "summary"),
    "author": ("author", "creator"),
    "guid": ("guid", "id"),
    "publicationdate": ("pubDate", "published", "updated", "date"),
    "pubdate": ("pubDate", "published", "updated", "date"),
}


class RssInput(DocumentStep):
    """One row per item of the feeds at fixed addresses or at those in a field."""

    types = ("RssInput",)
    content_tags = ("url_field_name",)
    path_tags = ("column",)
    code = "RssInput001"

    def prepare(self) -> None:
        """Addresses come from the list or from a field."""
        self.from_field = self.is_address = self.options.flag("url_in_field")
        self.urls = [self.resolve(u) for u in self.options.texts("urls/url") if u]

    def rules(self) -> list[FileRule]:
        """No files are read."""
        return []

    def _read_files(self) -> None:
        for url in self.urls:
            self.read_document(Document(fetch(url), url))

    def table(self, document: Document, row: Mapping[str, object]) -> Sequence[Sequence[str | None]]:
        """The items' texts."""
        try:
            root = without_namespaces(parse_xml(document.content))
        except BadXml as error:
            raise BadDocument(str(error)) from error
        items = root.xpath("//item | //entry")
        return [[_text(item, c.path.lower()) for item in items] for c in self.columns]


def _text(item: Any, column: str) -> str | None:
    for name in PLACES.get(column, (column,)):
        found = item.find(name)
        if found is not None:
            text = "".join(found.itertext()).strip()
            return text or found.get("href")
    return None
