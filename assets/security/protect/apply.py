"""Protects a table in batches: nothing raw is written anywhere, and the result only when nothing shows through."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from assets.quality.rules.formulas import no_formulas
from assets.quality.rules.reading import ENDINGS
from assets.security.protect.errors import ProtectionError
from assets.security.protect.frames import protected
from assets.security.protect.keys import Keyring, keyring
from assets.security.protect.plan import Decision, decide
from assets.security.protect.policy import Policy
from assets.security.protect.vault import Vault
from assets.security.protect.verify import SAMPLE, Watch, refuse, some
from core.atomic import replacing

if TYPE_CHECKING:
    from assets.catalog.tags.kept import Tags
    from core.settings import Settings

Batches = Callable[[], Iterator[pl.DataFrame]]


@dataclass(frozen=True, slots=True)
class Tools:
    """Keys, and the vault that knows them and holds tokens; None where no method needs a key."""

    keys: Keyring | None = field(default=None, repr=False)
    vault: Vault | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: "Settings", decisions: Sequence[Decision]) -> "Tools":
        """What the decisions need.

        Raises:
            SettingsError: there is no key.
            ProtectionError: a key is another one than has protected under its name.
        """
        if not any(d.use.how.keyed for d in decisions):
            return cls()
        ring, vault = keyring(settings), Vault(settings.vault)
        vault.pin(ring)
        return cls(ring, vault)


@dataclass(frozen=True, slots=True)
class Report:
    """What was done: rows, and column -> method; nothing of values."""

    rows: int
    methods: dict[str, str]


def sampled(batches: Batches) -> pl.DataFrame:
    """Some thousands of rows spread over all batches."""
    kept: list[pl.DataFrame] = []
    seen = 0
    for frame in batches():
        if "" in frame.columns:  # frames made of its series would call it otherwise
            what = f"column {frame.columns.index('') + 1} of the table has no name"
            raise ProtectionError(what, "give it one in the source")
        seen += len(frame)
        kept.append(some(frame, max(1, seen // SAMPLE)))
        if sum(map(len, kept)) > 2 * SAMPLE:
            kept = [some(pl.concat(kept), 2)]
    if not kept:
        raise ProtectionError("the table has no rows", "load it first")
    return pl.concat(kept)


def planned(policy: Policy, table: str, batches: Batches, tags: "Tags | None" = None) -> list[Decision]:
    """The decisions for a table. Raises ProtectionError."""
    return decide(policy, table, sampled(batches), tags)


def apply(batches: Batches, policy: Policy, decisions: Sequence[Decision], tools: Tools, into: Path) -> Report:
    """Writes the protected rows to a Parquet or CSV file; the file is replaced at the end, or not at all.

    Raises:
        ProtectionError: values do not allow a method, or something sensitive would still be seen.
    """
    work = [(d, d.scope(policy, tools.keys, tools.vault)) for d in decisions]
    watch = Watch(decisions)

    def made() -> Iterator[pl.DataFrame]:
        for frame in batches():
            out = protected(frame, work)
            watch.see(frame, out)
            yield out

    written(made(), into, lambda: refuse(watch.leaks()))
    return Report(watch.rows, {d.column: d.use.method for d in decisions})


def written(frames: Iterator[pl.DataFrame], into: Path, before: Callable[[], None] = lambda: None) -> None:
    """Writes a Parquet or CSV file, which is replaced at the end when `before` raises nothing.

    Raises:
        ProtectionError: the name ends otherwise, the file cannot be written, or CSV cannot hold a column's type.
    """
    kind = into.suffix.lower()
    if kind not in ENDINGS:
        raise ProtectionError(f"{into} is of no form that is written", f"let its name end in {', '.join(ENDINGS)}")
    try:
        with replacing(into) as part:
            if kind == ".parquet":
                _parquet(frames, part)
            else:
                _csv(frames, part, "\t" if kind == ".tsv" else ",")
            before()
    except OSError as error:
        what = f"{into} cannot be written: {error.strerror or type(error).__name__}"
        raise ProtectionError(what, "free space, or name a folder that can be written to") from None


def _parquet(frames: Iterator[pl.DataFrame], path: Path) -> None:
    import pyarrow.parquet as pq

    writer = None
    try:
        for frame in frames:
            # a column without any value has no type of its own in Parquet
            table = frame.cast({pl.Null: pl.String}).to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()


def _csv(frames: Iterator[pl.DataFrame], path: Path, separator: str) -> None:
    with path.open("wb") as file:
        for number, frame in enumerate(frames):
            odd = [c for c, kind in frame.schema.items() if kind.is_nested() or kind in (pl.Binary, pl.Object)]
            if odd:
                what = f"column {odd[0]!r} holds {frame.schema[odd[0]]}, which CSV cannot"
                raise ProtectionError(what, "write a .parquet file, or name a method such as suppress for it")
            safe = no_formulas(frame.lazy()).collect()
            safe.write_csv(file, include_header=number == 0, separator=separator)
