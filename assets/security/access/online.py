"""Values of online features as a person may see them: the policy of the table that a view is made from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assets.security.access.access import Access

if TYPE_CHECKING:
    from assets.features.registry.model import FeatureView
    from assets.features.registry.online import Values

_ROW = "heddle_row"


def seen(
    access: Access, views: "Mapping[str, FeatureView]", found: "Sequence[Values]", entities: Mapping[str, Sequence[Any]]
) -> "list[Values]":
    """The values, masked where the policy masks the feature's column; entities of hidden rows are NOT_FOUND.

    Args:
        entities: join key -> its values, as they were asked for.

    Raises:
        AccessError: the table or a feature is hidden from the person, or its rows are decided by a column that the
            online store does not have.
    """
    if access.policy is None:
        return list(found)
    made: dict[str, Values] = {}
    for view in dict.fromkeys(v.ref.partition(":")[0] for v in found):
        mine = [v for v in found if v.ref.partition(":")[0] == view]
        made |= _of_view(access, views.get(view), view, mine, entities)
    return [made[v.ref] for v in found]


def _of_view(
    access: Access,
    view: "FeatureView | None",
    name: str,
    found: "Sequence[Values]",
    entities: Mapping[str, Sequence[Any]],
) -> "dict[str, Values]":
    import polars as pl

    from assets.features.registry.online import MISSING, Values
    from assets.security.access.access import must_see
    from assets.security.access.model import AccessError

    if view is None:
        raise AccessError(f"feature view {name} has no definition any more", "its values are shown to nobody")
    _, decision = access.decided((view.source,))
    if not decision.covered or decision.whole:
        return {v.ref: v for v in found}
    must_see(decision)
    sources = {f"{name}:{f.name}": f.source for f in view.features}
    data = {sources[v.ref]: v.values for v in found} | {k: v for k, v in entities.items() if k not in sources.values()}
    frame = pl.DataFrame({k: pl.Series(k, list(v), strict=False) for k, v in data.items()}).with_row_index(_ROW)
    kept = access.restrict_by(decision, frame, keep=(_ROW,))
    made = {}
    for v in found:
        if sources[v.ref] not in kept.columns:
            raise AccessError(f"the access policy does not show you {v.ref}", f"`heddle access explain {view.source}`")
        values = dict(zip(kept[_ROW], kept[sources[v.ref]], strict=True))
        there = [n in values for n in range(len(v.values))]
        made[v.ref] = Values(
            v.ref,
            [values.get(n) for n in range(len(v.values))],
            [s if t else MISSING for s, t in zip(v.statuses, there, strict=True)],
            [e if t else None for e, t in zip(v.events, there, strict=True)],
        )
    return made
