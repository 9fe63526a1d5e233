"""Which tables have masked ones, read without the methods, so that definitions load quickly."""

from pathlib import Path
from typing import NamedTuple

from assets.security.protect.errors import ProtectionError
from assets.security.protect.yaml_files import read_mapping
from core.hashing import digest
from core.naming import Key

FOLDER = "policies"


class Masked(NamedTuple):
    """A masked table.

    Attributes:
        table: the asset it is made from.
        digest: of the policy's file.
    """

    policy: str
    table: str
    key: str
    digest: str


def masked_key(table: str, suffix: str = "masked") -> str:
    """`raw/shop/orders` -> `table/shop/orders_masked`. Raises HeddleError: the table is no asset key."""
    key = Key.parse(table)
    return str(Key.parse(f"table/{key.domain}/{key.noun}_{suffix}"))


def names_file(table: str) -> bool:
    """Whether a policy names a file and no asset; `heddle protect apply` writes where it is told."""
    return "." in table


def masked_tables(folder: Path) -> list[Masked]:
    """The masked tables of all policies.

    Raises:
        ProtectionError: a file cannot be read.
    """
    found = []
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        said = read_mapping(path).get("tables") or {}
        try:
            tables = {str(table): dict(about or {}) for table, about in dict(said).items()}
        except (TypeError, ValueError):
            what = f"{path}, tables: they are no mapping"
            raise ProtectionError(what, "`heddle protect check` says where it is wrong") from None
        text = path.read_text(encoding="utf-8")
        for table, about in tables.items():
            if names_file(table):
                continue
            key = masked_key(table, str(about.get("suffix", "masked")))
            found.append(Masked(path.stem, table, key, digest([text])))
    return found
