"""The tables of the vault's database."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.sql.schema import SchemaItem

METADATA = MetaData()


def _log(name: str, *more: SchemaItem) -> Table:
    """Lines that are added and never changed: when, who, and what else."""
    line = (
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("at", String(32), nullable=False),
        Column("who", String(256), nullable=False),
    )
    return Table(name, METADATA, *line, *more)


KEYS = Table(
    "vault_keys",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("check_value", String(16), nullable=False),  # of the key that first protected under this name
    Column("at", String(32), nullable=False),
)

TOKENS = Table(
    "vault_tokens",
    METADATA,
    Column("lookup", LargeBinary(32), primary_key=True),  # keyed hash of purpose, domain and value
    Column("token", String(64), nullable=False, unique=True),
    Column("purpose", String(64), nullable=False),
    Column("domain", String(64), nullable=False),
    Column("key", String(32), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Index("vault_tokens_key", "key"),
)
OPENED = _log(
    "vault_opened",
    Column("why", String(1024), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("values", Integer, nullable=False),
    Column("allowed", Integer, nullable=False),
)
BUDGETS = Table(
    "privacy_budgets",
    METADATA,
    Column("dataset", String(512), primary_key=True),
    Column("epsilon", BigInteger, nullable=False),  # spent, in billionths
    Column("delta", BigInteger, nullable=False),  # spent, in 10^-18
)
SPENT = _log(
    "privacy_spent",
    Column("dataset", String(512), nullable=False),
    Column("what", String(1024), nullable=False),
    Column("epsilon", BigInteger, nullable=False),
    Column("delta", BigInteger, nullable=False),
    Index("privacy_spent_dataset", "dataset", "id"),
)
