"""After a change of keys: encrypted columns of a file are encrypted anew; the vault does its own (`Vault.rotate`)."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from assets.quality.rules.apply import MEMORY
from assets.security.protect.apply import written
from assets.security.protect.base import Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.keys import Keyring
from assets.security.protect.methods.encrypt import MARKS, STARTS, Header, decrypted, encrypted, header
from assets.security.protect.sources import of_file

_ENCRYPTED = "^(?:" + "|".join(MARKS) + r")\."


def rotate_file(path: Path, ring: Keyring, memory: int = MEMORY) -> dict[str, int]:
    """Encrypts with the current key what an older one encrypted; the file is replaced at the end or not at all.

    Texts of `equal: true` stay equal where they were.

    Returns:
        Column -> values that were encrypted anew, counted in rows.

    Raises:
        ProtectionError: there is no encrypted column, a key is missing, or a text was changed.
    """
    counts: Counter[str] = Counter()
    batches = of_file(path, memory)

    def frames() -> Iterator[pl.DataFrame]:
        for frame in batches():
            yield frame.with_columns(
                [_column(frame[name], ring, counts) for name, kind in frame.schema.items() if kind == pl.String]
            )

    def check() -> None:
        if not counts:
            raise ProtectionError(f"{path} has no encrypted column", f"such texts begin with {' or '.join(STARTS)}")

    written(frames(), path, check)
    return dict(counts)


def _column(values: pl.Series, ring: Keyring, counts: Counter[str]) -> pl.Series:
    old = values.unique().drop_nulls()
    old = old.filter(old.str.contains(_ENCRYPTED))
    if not len(old):
        return values
    by_head: dict[Header, list[str]] = {}
    for text in old.to_list():
        head, _ = header(text)
        if head.key != ring.current:
            by_head.setdefault(head, []).append(text)
    new: dict[str, str] = {}
    for head, texts in by_head.items():
        scope = Scope(head.purpose, head.domain, keys=ring)
        new |= dict(zip(texts, encrypted(decrypted(texts, scope), scope, equal=MARKS[head.mark]), strict=True))
    counts[values.name] += int(values.is_in(list(new)).sum())
    return values.replace(list(new), list(new.values())) if new else values
