"""Meaning of a column, or of all columns of a table, which help each other.

Content decides what is possible, header and neighbours what is likely, a person's correction what is so.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from assets.catalog.model import Meaning, Value
from assets.catalog.semantics import decide, registry
from assets.catalog.semantics.corrections import Corrections
from assets.catalog.semantics.learned import Learned
from assets.catalog.semantics.learned_features import VALUES, Column, Embed
from assets.catalog.semantics.sample import Sample, take

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


class Model(NamedTuple):
    """A trained classifier with the embedder it was trained with, and the probability from which its word counts."""

    learned: Learned
    embed: Embed | None = None
    least: float = 0.6


def table(
    columns: "Mapping[str, pl.Series]",
    context: Context | None = None,
    types: registry.Registry | None = None,
    corrections: Corrections | None = None,
    model: Model | None = None,
) -> dict[str, Meaning | None]:
    """The meaning of each column, None where nothing convinces.

    A trained `model` is asked about columns of which the types know nothing, or only something generic. Values are
    sampled (sample.ROWS rows, sample.VALUES distinct ones); each meaning's evidence says how many.
    """
    return of_samples(take(columns), context, types, corrections, model)


def of_samples(
    samples: Sequence[Sample],
    context: Context | None = None,
    types: registry.Registry | None = None,
    corrections: Corrections | None = None,
    model: Model | None = None,
) -> dict[str, Meaning | None]:
    """As `table`, when samples of the columns are there already."""
    context, types = context or Context(), types or registry.builtin()
    hints = [decide.hints(types.hints, s.name, context.comments.get(s.name, "")) for s in samples]
    found = types.recogniser.find(samples, [set(h) for h in hints])
    held = [decide.candidates(f, h, types) for f, h in zip(found, hints, strict=True)]
    decide.beside(held, types)
    meanings = {s.name: decide.choose(c, s, types) for c, s in zip(held, samples, strict=True)}
    if model is not None:
        _ask(model, samples, meanings, types)
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


def _ask(
    model: Model, samples: Sequence[Sample], meanings: dict[str, Meaning | None], types: registry.Registry
) -> None:
    """Fills in, in place, what the trained classifier is sure enough of."""
    texts = [Column(tuple(s.values.to_list()[:VALUES]), "this") for s in samples]
    predictions = model.learned.predict(texts, model.embed, types) if texts else []
    for sample, said in zip(samples, predictions, strict=True):
        known = meanings[sample.name]
        vague = known is None or (known.type in types.types and types.types[known.type].generic)
        if vague and len(sample.values) and said.confidence >= model.least:
            why = f"the classifier learned from {model.learned.trained} labelled columns says so"
            meanings[sample.name] = Meaning(
                type=said.type, confidence=round(said.confidence, 3), evidence=(why, sample.note), others=said.others
            )
