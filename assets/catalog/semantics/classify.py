"""Meaning of a column, or of all columns of a table, which help each other.

Content decides what is possible, header and neighbours what is likely, a person's correction what is so.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from assets.catalog.model import Meaning, Value
from assets.catalog.semantics import decide, registry
from assets.catalog.semantics.corrections import Corrections
from assets.catalog.semantics.sample import take

if TYPE_CHECKING:
    import polars as pl


class Context(Value):
    """What is known of a table beside its values.

    Attributes:
        source, table: where corrections are looked up; "" when there are none.
        comments: of columns, by name.
    """

    source: str = ""
    table: str = ""
    comments: dict[str, str] = Field(default_factory=dict)


def table(
    columns: "Mapping[str, pl.Series]",
    context: Context | None = None,
    types: registry.Registry | None = None,
    corrections: Corrections | None = None,
) -> dict[str, Meaning | None]:
    """The meaning of each column, None where nothing convinces.

    Values are sampled (sample.ROWS rows, sample.VALUES distinct ones); each meaning's evidence says how many.
    """
    context, types = context or Context(), types or registry.builtin()
    samples = take(columns)
    hints = [decide.hints(types.hints, s.name, context.comments.get(s.name, "")) for s in samples]
    found = types.recogniser.find(samples, [set(h) for h in hints])
    held = [decide.candidates(f, h, types) for f, h in zip(found, hints, strict=True)]
    decide.beside(held, types)
    meanings = {s.name: decide.choose(c, s, types) for c, s in zip(held, samples, strict=True)}
    if corrections is not None:
        meanings = {name: corrections.apply(context.source, context.table, name, m) for name, m in meanings.items()}
    return meanings


def column(
    name: str,
    values: "pl.Series",
    context: Context | None = None,
    types: registry.Registry | None = None,
    corrections: Corrections | None = None,
) -> Meaning | None:
    """The meaning of one column by its values, name and comment; None where nothing convinces."""
    return table({name: values}, context, types, corrections)[name]
