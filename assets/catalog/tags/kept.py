"""The tags of an asset as the catalogue keeps them: proposed, inherited, accepted, refused; with who, when and why."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pydantic import Field

from assets.catalog.model import Value
from assets.catalog.store.versions import Version, Versions

KIND = "tags"  # kind of these entries in the catalogue; their key is the asset's
SNAPSHOT = "tags.json"  # under HEDDLE_HOME: what definitions read
State = Literal["proposed", "inherited", "accepted", "refused"]
DECIDED = ("accepted", "refused")
GUARDED = ("pii:", "secret")  # what tags about persons and secrets begin with; a mask takes them away


class Tag(Value):
    """A tag of a column, or of the asset as a whole.

    Attributes:
        state: `inherited` ones are in force because a person accepted them upstream; `accepted` and `refused` are a
            person's word about this column.
        by: content, meaning, lineage or user.
        evidence: why, in words.
        implies: wider tags that hold with it, such as pii:phone with pii:mobile.
        path: `key.column` of the columns that it came along, its origin first; empty where it is the column's own.
        who, at: of a person's word.
    """

    state: State
    confidence: float
    by: str
    evidence: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    who: str = ""
    at: str = ""

    @property
    def in_force(self) -> bool:
        """Whether it counts: accepted here or upstream."""
        return self.state in ("accepted", "inherited")


class Tags(Value):
    """Column ("" for the asset as a whole) -> tag -> what is known of it."""

    columns: dict[str, dict[str, Tag]] = Field(default_factory=dict)

    def each(self) -> Iterator[tuple[str, str, Tag]]:
        """(column, tag, what is known of it), the asset's own first."""
        for column in sorted(self.columns):
            for name in sorted(self.columns[column]):
                yield column, name, self.columns[column][name]

    def in_force(self) -> dict[str, list[str]]:
        """Column -> the tags that count, with the wider ones that they imply; what a person refused is not implied."""
        found: dict[str, dict[str, None]] = {}
        for column, name, tag in self.each():
            if tag.in_force:
                wider = (t for t in tag.implies if not self._refused(column, t))
                found.setdefault(column, {}).update(dict.fromkeys((name, *wider)))
        return {column: sorted(tags) for column, tags in found.items()}

    def _refused(self, column: str, tag: str) -> bool:
        known = self.columns[column].get(tag)
        return known is not None and known.state == "refused"

    def guarded(self) -> set[str]:
        """Columns whose values are not to be shown: personal or secret by any tag that nobody refused."""
        return {c for c, name, tag in self.each() if c and name.startswith(GUARDED) and tag.state != "refused"}


class Kept(NamedTuple):
    """The tags of one asset and the number of their version, 0 where there are none."""

    tags: Tags
    number: int


def of_asset(versions: Versions, key: str) -> Kept:
    """The tags of an asset."""
    found = versions.get(KIND, key)
    return Kept(read(found), found.number) if found else Kept(Tags(), 0)


def all_tags(versions: Versions) -> dict[str, Tags]:
    """The tags of every asset that has any."""
    return {v.key: read(v) for v in versions.latest(KIND)}


def read(version: Version) -> Tags:
    """The tags in a version."""
    return Tags.model_validate(version.document or {})


def document(tags: Tags) -> dict[str, Any] | None:
    """The tags as JSON values, None where there are none, so that the entry is removed."""
    return tags.model_dump(mode="json", exclude_defaults=True) or None
