"""Search indexes: passages that name the person lose their text and their vector."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.security.erasure.match import ERASED
from assets.security.erasure.model import NAMED, Found, Subject
from core.atomic import replacing, write_text

if TYPE_CHECKING:
    from resources.ports import Vectors

CHUNKS, VECTORS = "chunks.jsonl", "vectors.npy"


class Indexes:
    """The versions of all search indexes in the object store, and their collections of vectors."""

    name = "index"

    def __init__(self, objects: Path, vectors: "Vectors") -> None:
        self.objects, self.vectors = objects, vectors

    def find(self, subject: Subject) -> Iterator[Found]:
        """See Store."""
        for folder in self._versions():
            held = [c for c in _chunks(folder) if _names(c, subject)]
            if held:
                yield Found(self.name, str(folder.relative_to(self.objects)), ("text",), NAMED, len(held))

    def records(self, subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
        """See Store."""
        for folder in self._versions():
            yield from ((str(folder.relative_to(self.objects)), c) for c in _chunks(folder) if _names(c, subject))

    def erase(self, subject: Subject) -> None:
        """The passage stays as an empty place, so that the numbers of the others stay right; it is found no more.

        The vectors go first: while the text is there, a killed run finds the passage again.
        """
        import numpy as np

        for folder in self._versions():
            chunks = list(_chunks(folder))
            places = [n for n, c in enumerate(chunks) if _names(c, subject)]
            if not places:
                continue
            ids = [str(chunks[n]["id"]) for n in places]
            for collection in self.vectors.collections(""):
                self.vectors.remove(collection, ids)
            path = folder / VECTORS
            if path.exists():
                matrix = np.load(path, allow_pickle=False)
                matrix[places] = 0
                with replacing(path) as made:
                    _saved(made, matrix)
            for n in places:
                chunks[n] |= {"text": ERASED, "heading": []}
            write_text(folder / CHUNKS, "".join(json.dumps(c, ensure_ascii=False) + "\n" for c in chunks))

    def _versions(self) -> list[Path]:
        return sorted(p.parent for p in self.objects.glob(f"index/*/*/*/{CHUNKS}"))


def _chunks(folder: Path) -> Iterator[dict[str, Any]]:
    with (folder / CHUNKS).open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _names(chunk: dict[str, Any], subject: Subject) -> bool:
    return any(subject.needles.within(t) for t in (chunk.get("text"), *(chunk.get("heading") or ())))


def _saved(path: Path, matrix: Any) -> None:
    import numpy as np

    with path.open("wb") as file:
        np.save(file, matrix, allow_pickle=False)
