"""Which features a person means: `view:feature`, or `view` for all features of a view."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from assets.features.registry.model import Feature, FeatureView
from core.errors import SourceError


class Asked(NamedTuple):
    """A feature that was asked for and the column that it becomes."""

    view: FeatureView
    feature: Feature
    column: str


def resolve(views: Mapping[str, FeatureView], refs: Iterable[str], full_names: bool = False) -> list[Asked]:
    """The features of references, in their order.

    Args:
        full_names: columns are called `view__feature`; else `feature`.

    Raises:
        SourceError: a view or feature does not exist, or two columns would have the same name.
    """
    found: list[Asked] = []
    for ref in refs:
        name, colon, wanted = ref.partition(":")
        view = views.get(name)
        if view is None:
            raise SourceError(f"there is no feature view {name!r}", f"there are: {', '.join(views) or 'none'}")
        feature = view.feature(wanted)
        if colon and feature is None:
            names = ", ".join(f.name for f in view.features)
            raise SourceError(f"feature view {name} has no feature {wanted!r}", f"its features: {names}")
        chosen = view.features if feature is None else (feature,)
        found += [Asked(view, one, f"{name}__{one.name}" if full_names else one.name) for one in chosen]
    if not found:
        raise SourceError("no features are asked for", "name them as view:feature, or view for all of a view")
    columns = [a.column for a in found]
    twice = sorted({c for c in columns if columns.count(c) > 1})
    if twice:
        raise SourceError(f"two features would be called {twice[0]!r}", "ask for full names, or name each once")
    return found
