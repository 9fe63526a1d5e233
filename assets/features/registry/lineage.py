"""What feature views say of themselves to the catalogue and the lineage graph, and who uses their features."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from assets.catalog.lineage.model import Edge, Point, Stated
from assets.features.registry.files import FOLDER
from assets.features.registry.model import KIND, NODE, FeatureView
from core.errors import HeddleError
from core.hashing import digest

if TYPE_CHECKING:
    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.store.versions import Version, Versions

USERS = ("dataset", "model", "endpoint", "report")  # layers whose assets count as users of a feature
SCANS = "report/catalog/"  # look at all tables, and use none of them


def stated(views: Iterable[FeatureView], files: Path) -> list[Stated]:
    """The definition lineage: from the columns of the table to the features, with the file as evidence.

    Args:
        files: HEDDLE_CATALOG_FILES.
    """
    return [_stated(view, files / FOLDER / f"{view.name}.yaml") for view in views]


def _stated(view: FeatureView, file: Path) -> Stated:
    node = NODE + view.name
    edges = [Edge(view.source, f.source, node, f.name) for f in view.features]
    edges += [Edge(view.source, k.name, node, k.name) for k in view.keys]
    deciding = [view.timestamp, *([view.created] if view.created else [])]
    edges += [Edge(view.source, c, node, f.name, "filter", "point in time") for c in deciding for f in view.features]
    version = digest([view.model_dump_json()])
    return Stated("definition", node, tuple(edges), {"definition": node, "file": str(file), "version": version})


def record(versions: "Versions", views: Iterable[FeatureView], author: str = "definitions") -> "list[Version]":
    """Takes the views into the catalogue; views whose file is gone are removed there, with their history kept."""
    from assets.catalog.store.versions import Change

    entries = {v.name: v.model_dump(mode="json", exclude_defaults=True) for v in views}
    gone = [v.key for v in versions.latest(KIND) if v.key not in entries]
    return versions.put_all(
        [*((KIND, name, document) for name, document in entries.items()), *((KIND, key, None) for key in gone)],
        Change(author, "definitions"),
    )


def users(store: "LineageStore", view: FeatureView, feature: str) -> list[str]:
    """Datasets, models, endpoints and reports that a feature's column flows into, sorted; empty when none is known."""
    from assets.catalog.lineage.walk import Lineage

    found = view.feature(feature)
    if found is None:
        raise HeddleError(f"feature view {view.name} has no feature {feature!r}", "look at `heddle features show`")
    try:
        answer = Lineage(store).down(Point(view.source, found.source))
    except HeddleError:  # the graph does not have the column (yet)
        return []
    keys = {r.point.key for r in answer.reached if r.how != "rows"}
    return sorted(k for k in keys if k.partition("/")[0] in USERS and not k.startswith(SCANS))
