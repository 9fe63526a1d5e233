"""Policies: which method protects which class and column for which purpose. One YAML file each, kept in git."""

from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from assets.catalog.model import Value
from assets.documents import shaped
from assets.security.protect.base import Method, Params
from assets.security.protect.errors import ProtectionError
from assets.security.protect.listed import FOLDER, masked_key, names_file
from assets.security.protect.registry import method
from assets.security.protect.yaml_files import read_mapping
from assets.security.sensitive.classes import FLAGGED, Protection, SensitiveClass, builtin
from core.errors import HeddleError

NAME = r"^[a-z][a-z0-9_]{0,62}$"
_OWN = ("method", "domain")


class Use(Value):
    """A method with its parameters, as `{method: fpe, first: 3, domain: phone}`.

    Attributes:
        domain: values of one domain are protected alike; the class where it is "".
    """

    method: str
    domain: str = Field(default="", pattern=r"^$|^[a-z][a-z0-9_]{0,62}$")
    given: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, said: Any) -> Any:
        if isinstance(said, str):
            said = {"method": said}
        if not isinstance(said, dict) or "given" in said:
            return said
        own = {name: said[name] for name in _OWN if name in said}
        return own | {"given": {str(k): v for k, v in said.items() if k not in _OWN}}

    @property
    def how(self) -> Method:
        """The method. Raises ProtectionError."""
        return method(self.method)

    def read(self, where: str) -> Params:
        """The parameters, checked. Raises ProtectionError."""
        return self.how.params.read(self.given, where)


class TablePolicy(Value):
    """What a policy says of one table: an asset, or a file such as `customers.csv`.

    Attributes:
        suffix: the masked table is `table/<domain>/<noun>_<suffix>`.
        columns: column -> method, whatever class it is found to be.
    """

    suffix: str = Field(default="masked", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    columns: dict[str, Use] = Field(default_factory=dict)


class Policy(Value):
    """A policy.

    Attributes:
        purpose: what the data are for; keys differ by it, so that tables of two purposes cannot be joined by values.
        level: classes from this level on are protected (1 public to 4 secret).
        classes: class -> method; other classes get the default of docs/protection.md.
        others: what happens to columns that are of no class: `pass`, or `suppress` where only what is named may pass.
        detokenise: persons and teams (teams.yaml) that may open tokens and encrypted values of this purpose.
    """

    name: str = Field(pattern=NAME)
    purpose: str = Field(pattern=NAME)
    description: str = ""
    level: int = Field(default=FLAGGED, ge=1, le=4)
    classes: dict[str, Use] = Field(default_factory=dict)
    others: Literal["pass", "suppress"] = "pass"
    tables: dict[str, TablePolicy] = Field(default_factory=dict)
    detokenise: tuple[str, ...] = ()

    @field_validator("tables", mode="before")
    @classmethod
    def _empty(cls, said: Any) -> Any:
        return {k: v or {} for k, v in said.items()} if isinstance(said, dict) else said

    @cached_property
    def unnamed(self) -> Use:
        """The method of columns that are of no class."""
        return Use.model_validate({"method": "pass", "why": "of no class"} if self.others == "pass" else "suppress")

    def of_class(self, class_: SensitiveClass) -> Use:
        """The method of a class, from here or by default."""
        return self.classes.get(class_.name) or default(class_)

    def table(self, name: str) -> TablePolicy:
        """What it says of a table, or of a file by its path or its name; nothing of one that is not listed."""
        return self.tables.get(name) or self.tables.get(Path(name).name) or TablePolicy()

    def masked(self, table: str) -> str:
        """`raw/shop/orders` -> `table/shop/orders_masked`."""
        return masked_key(table, self.table(table).suffix)


def default(class_: SensitiveClass) -> Use:
    """The method of a class where no policy says."""
    if class_.name == "text":
        return Use(method="redact")
    if class_.protection == Protection.NONE:
        return Use.model_validate({"method": "pass", "why": "not protected by default"})
    if class_.protection == Protection.FPE and class_.name not in ("mobile", "id_card", "bank_card", "credit_card"):
        return Use.model_validate({"method": "fpe", "otherwise": "suppress"})
    return Use.model_validate({"method": class_.protection.value} | _FITTING.get(class_.protection.value, {}))


_FITTING: dict[str, dict[str, Any]] = {"fpe": {"otherwise": "suppress"}}


def read(path: Path) -> Policy:
    """A policy from its file; its name is the file's.

    Raises:
        ProtectionError: naming file, field and what to do.
    """
    said = {"name": path.stem} | read_mapping(path)
    found = shaped(said, Policy, str(path), refusal=ProtectionError)
    _check(path, found)
    return found


def _check(path: Path, policy: Policy) -> None:
    if policy.name != path.stem:
        raise ProtectionError(f"{path}, name: it is {policy.name!r}", f"leave it out, or call it {path.stem!r}")
    known = builtin().all
    for name, use in policy.classes.items():
        if name not in known:
            raise ProtectionError(f"{path}, classes.{name}: no such class", "`heddle sensitive classes` lists them")
        _use(path, f"classes.{name}", use)
    for table, said in policy.tables.items():
        try:
            if not names_file(table):
                policy.masked(table)
        except HeddleError as error:
            raise ProtectionError(f"{path}, tables.{table}: {error.what}", error.fix) from None
        for column, use in said.columns.items():
            _use(path, f"tables.{table}.columns.{column}", use)


def _use(path: Path, where: str, use: Use) -> None:
    try:
        how = use.how
    except ProtectionError as error:
        raise ProtectionError(f"{path}, {where}.method: {error.what}", error.fix) from None
    use.read(f"{path}, {where}")
    if how.keyed and ".columns." in where and not use.domain:
        what = f"{path}, {where}.domain is missing"
        raise ProtectionError(what, "name what the values are of, as `domain: customer`; joins match within a domain")


class Policies:
    """All policies of a folder.

    Args:
        folder: HEDDLE_PROTECTION.

    Raises:
        ProtectionError: a file is wrong, or two policies make the same masked table.
    """

    def __init__(self, folder: Path) -> None:
        paths = sorted((folder / FOLDER).glob("*.yaml"))
        self.all = {path.stem: read(path) for path in paths}
        self.paths = {path.stem: path for path in paths}
        made: dict[str, str] = {}
        for policy in self.all.values():
            for table in policy.tables:
                if names_file(table):
                    continue
                key = policy.masked(table)
                if key in made:
                    what = f"{self.paths[policy.name]} and {self.paths[made[key]]} both make {key}"
                    raise ProtectionError(what, f"give one another `suffix` under tables.{table}")
                made[key] = policy.name

    def get(self, name: str | None) -> Policy:
        """A policy by its name; the only one where none is given. Raises ProtectionError."""
        if name is None and len(self.all) == 1:
            return next(iter(self.all.values()))
        if name is None or name not in self.all:
            what = "which policy?" if name is None else f"there is no policy {name!r}"
            raise ProtectionError(what, f"name one with --policy: {', '.join(self.all) or 'there is none'}")
        return self.all[name]

    def of_purpose(self, purpose: str) -> list[Policy]:
        """The policies for a purpose."""
        return [policy for policy in self.all.values() if policy.purpose == purpose]
