"""The online feature store: rows of the person's keys, and rows that hold an identifier."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from assets.security.erasure.model import KEYED, WHOLE, Found, Subject

if TYPE_CHECKING:
    from resources.ports import OnlineStore


class Online:
    """All views of the store.

    Args:
        columns: view -> (table, column) that its only key comes from.
    """

    name = "online"

    def __init__(self, store: "OnlineStore", columns: Mapping[str, tuple[str, str]]) -> None:
        self.store, self.columns = store, columns

    def find(self, subject: Subject) -> Iterator[Found]:
        """See Store."""
        for view in self.store.views():
            keys, how = self._keys(view, subject)
            if keys:
                yield Found(self.name, view, (), how, len(keys))

    def records(self, subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
        """See Store."""
        for view in self.store.views():
            keys, _ = self._keys(view, subject)
            _, rows = self.store.read(view, keys)
            for key, row in zip(keys, rows, strict=True):
                yield view, {"key": key, "row": (row or b"").decode("utf-8", "replace")}

    def erase(self, subject: Subject) -> None:
        """See Store."""
        for view in self.store.views():
            keys, _ = self._keys(view, subject)
            if keys:
                self.store.remove(view, keys)

    def _keys(self, view: str, subject: Subject) -> tuple[list[str], str]:
        table, column = self.columns.get(view, ("", ""))
        wanted = {key for (key,) in subject.keys.get((table, (column,)), ())}
        held = [
            key
            for key, row in self.store.scan(view)
            if key in wanted or subject.needles.within(key) or subject.needles.within(row.decode("utf-8", "replace"))
        ]
        return sorted(held), KEYED if wanted & set(held) else WHOLE
