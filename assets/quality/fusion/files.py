"""Plan files: one YAML file per fused asset, changed by people and by commands, never half written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from assets.documents import decision, loaded, saved, shaped
from assets.quality.fusion.model import Plan
from core.errors import SourceError
from core.locks import locked
from core.naming import Key

FOLDER = "fusion"
_HEAD = "# How tables are joined; proposed by `heddle fuse plan`, decided by people (docs/fusion.md).\n"


class PlanFiles:
    """The join plans of a project.

    Args:
        folder: setting `quality`; plans are in its folder `fusion`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def path(self, asset: str) -> Path:
        """`table/shop/orders_fused` is in `shop__orders_fused.yaml`."""
        key = Key.parse(asset)
        return self.folder / f"{key.domain}__{key.noun}.yaml"

    def all(self) -> Iterator[tuple[Path, Plan]]:
        """All plans. Raises SourceError for a malformed one."""
        for path in files(self.folder, "join"):
            yield path, read_plan(path)

    def read(self, asset: str) -> Plan:
        """One plan. Raises SourceError when there is none, it is malformed, or of another layer's asset."""
        path = self.path(asset)
        if not path.exists():
            raise SourceError(f"there is no plan of {asset}: {path}", "propose one: heddle fuse plan")
        found = read_plan(path)
        if found.asset != asset:
            raise SourceError(f"{path} has the plan of {found.asset}, not of {asset}", "name that one")
        return found

    def write(self, plan: Plan) -> Path:
        """Replace the plan by a rename. Raises SourceError where something else has its place."""
        path = self.path(plan.asset)
        if path.exists():
            self.read(plan.asset)
        saved(path, {"kind": plan.kind} | plan.model_dump(mode="json", exclude_defaults=True), _HEAD)
        return path

    def decide(self, asset: str, status: Literal["accepted", "refused"], by: str, note: str = "") -> Plan:
        """Accept or refuse a plan. Raises SourceError without a name."""
        with locked(self.folder):
            plan = Plan.model_validate(self.read(asset).model_dump() | decision(status, by, note))
            self.write(plan)
        return plan


def files(folder: Path, kind: str) -> list[Path]:
    """YAML files of the folder that say `kind: <kind>` on a line of their own."""
    return [p for p in sorted(folder.glob("*.yaml")) if f"\nkind: {kind}" in "\n" + p.read_text("utf-8", "replace")]


def read_plan(path: Path) -> Plan:
    """The plan of a file.

    Raises:
        SourceError: it is no YAML, or a field is wrong; the message names it.
    """
    return shaped(loaded(path), Plan, str(path), "see docs/fusion.md for the fields")
