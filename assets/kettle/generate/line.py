"""Parts in a line behind a step, all of one maker, which are put in, brought up to date or taken out together."""

from collections.abc import Collection, Sequence

from assets.kettle.generate.marks import parts
from assets.kettle.generate.part import Part
from assets.kettle.generate.place import After, put, take_out
from assets.kettle.model import Transformation


def withdrawn(model: Transformation, prefix: str, kept: Collection[str]) -> Transformation:
    """The model without the parts whose id begins with the prefix, but for those that are kept."""
    for old in [name for name in parts(model) if name.startswith(prefix) and name not in kept]:
        model = take_out(model, old)
    return model


def put_line(model: Transformation, made: Sequence[Part], after: str, *, overwrite: bool = False) -> Transformation:
    """Puts each part behind the one before it, the first behind step `after`; those that are there stay in place.

    Raises:
        KettleError: as `place.put`.
    """
    last = after
    for part in made:
        model = put(model, part, After(last), overwrite=overwrite)
        last = parts(model)[part.id][part.exit]
    return model
