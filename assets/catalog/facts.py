"""What is known of an asset from its definition and its last run, free of Dagster."""

from pydantic import Field

from assets.catalog.model import ColumnInfo, Value

KIND = "asset"  # kind of these entries in the catalogue


class Check(Value):
    """The last outcome of one check; `passed` is None when it never ran."""

    name: str
    passed: bool | None
    blocking: bool = False


class Structure(Value):
    """What an asset's definition says, a change of which is a version.

    Attributes:
        upstream: keys of the assets it is made from.
        columns: of the last materialization, or of the definition.
        file: where the code or the Kettle file is, "" when unknown.
    """

    group: str = ""
    kinds: tuple[str, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)
    owners: tuple[str, ...] = ()
    code_version: str = ""
    upstream: tuple[str, ...] = ()
    columns: tuple[ColumnInfo, ...] = ()
    table: str = ""
    file: str = ""
    external: bool = False


class AssetFacts(Structure):
    """One asset.

    Attributes:
        key: `layer/domain/noun`.
        description: of the definition.
        downstream: keys of the assets made from it.
        made: ISO 8601 moment of the last materialization, "" when there is none.
        run: Dagster's id of that run.
        seconds: how long its step took, None when unknown.
        nulls: column -> share of nulls in the last load, 0 to 1, where the run reports it.
    """

    key: str
    description: str = ""
    downstream: tuple[str, ...] = ()
    made: str = ""
    run: str = ""
    rows: int | None = None
    seconds: float | None = None
    nulls: dict[str, float] = Field(default_factory=dict)
    checks: tuple[Check, ...] = ()

    @property
    def layer(self) -> str:
        """`raw`, `table`, `feature`, …"""
        return self.key.split("/", 1)[0]
