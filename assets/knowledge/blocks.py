"""What parsing yields (blocks) and what is indexed (chunks). Standard library only."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["paragraph", "list", "table"]
Rows = tuple[tuple[str, ...], ...]
_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Block:
    """One typed piece of a document, in reading order.

    Attributes:
        kind: paragraph, list (one item a line) or table.
        heading: titles from the document's title down to the section.
        text: its words; empty for a table.
        page: from 1, None where the format has no pages.
        rows: a table's cells, the header row first.
    """

    kind: Kind
    heading: tuple[str, ...]
    text: str
    page: int | None = None
    rows: Rows = ()


@dataclass(frozen=True)
class Chunk:
    """A passage that is found and cited as a whole.

    Attributes:
        id: digest of document, heading and text.
        document: path relative to the handbook's folder.
        text: words, list items or a Markdown table with its header.
        language: zh or en.
    """

    id: str
    document: str
    heading: tuple[str, ...]
    text: str
    page: int | None
    kind: Kind
    language: str

    @property
    def searched(self) -> str:
        """The text that is tokenized and embedded: headings, then the passage."""
        return "\n".join((" > ".join(self.heading), self.text))


def language(text: str) -> str:
    """`zh` when there is at least one Chinese character for every three Latin words, else `en`."""
    cjk = len(_CJK.findall(text))
    return "zh" if cjk and cjk * 3 >= len(_LATIN_WORD.findall(text)) else "en"


def size(text: str) -> int:
    """Length of a text in characters, a Chinese one counting two since it carries about as much as two letters."""
    return len(text) + len(_CJK.findall(text))


def write_lines(path: Path, items: Iterable[Block | Chunk]) -> None:
    """Write blocks or chunks as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(item), ensure_ascii=False) + "\n" for item in items)


def read_chunks(path: Path) -> list[Chunk]:
    """Read chunks written by write_lines."""
    with path.open(encoding="utf-8") as file:
        return [chunk_of(json.loads(line)) for line in file]


def chunk_of(fields: dict[str, Any]) -> Chunk:
    """A chunk from its JSON fields."""
    return Chunk(**(fields | {"heading": tuple(fields["heading"])}))


def block_of(fields: dict[str, Any]) -> Block:
    """A block from its JSON fields."""
    rows = tuple(tuple(row) for row in fields["rows"])
    return Block(fields["kind"], tuple(fields["heading"]), fields["text"], fields["page"], rows)


def markdown_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table's lines in Markdown, header first."""
    for number, row in enumerate(rows):
        yield "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in row) + " |"
        if number == 0:
            yield "|" + "---|" * len(row)
