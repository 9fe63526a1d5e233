"""What a scan asks about the meaning of columns: the registry of semantic types, with people's corrections."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assets.catalog.model import Meaning, TableInfo
from assets.catalog.semantics import classify, corrections, registry

if TYPE_CHECKING:
    import polars as pl


class Meanings:
    """`classify` and `sensitive` of scanner.scan.

    Args:
        folder: with `meanings.yaml` and further types; HEDDLE_CATALOG_FILES.

    Raises:
        SemanticsError: a type or correction there is wrong; it names file, entry and field.
    """

    def __init__(self, source: str, folder: Path) -> None:
        self.source = source
        self.types = registry.load(folder)
        self.corrections = corrections.read(folder, self.types)

    def classify(self, table: TableInfo, samples: "Mapping[str, pl.Series]") -> dict[str, Meaning | None]:
        """The meaning of each column of a table."""
        comments = {c.name: c.comment for c in table.columns if c.comment}
        context = classify.Context(source=self.source, table=table.path, comments=comments)
        return classify.table(samples, context, self.types, self.corrections)

    def sensitive(self, type_: str) -> bool:
        """Whether values of a type are withheld."""
        return self.types.sensitive(type_)
