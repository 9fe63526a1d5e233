"""The tables of the vault's database."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

METADATA = MetaData()

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
OPENED = Table(
    "vault_opened",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("who", String(256), nullable=False),
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
SPENT = Table(
    "privacy_spent",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("dataset", String(512), nullable=False),
    Column("at", String(32), nullable=False),
    Column("who", String(256), nullable=False),
    Column("what", String(1024), nullable=False),
    Column("epsilon", BigInteger, nullable=False),
    Column("delta", BigInteger, nullable=False),
    Index("privacy_spent_dataset", "dataset", "id"),
)
