"""A project with a table of persons, a policy and a key; values that no store may hold afterwards."""

import random
from pathlib import Path

import dagster as dg
import polars as pl

from assets.security.protect_defs import definitions
from core.naming import TableName
from core.settings import Settings
from resources.open import warehouse
from tests.assets.security.sensitive import made

KEY = "wJ8n2-XkqP0rTfYb5sVhLz7uQe3mCaGd"
RAW, MASKED = "raw/crm/people", "table/crm/people_masked"
ROWS = 150
POLICY = """
purpose: analytics
classes:
  mobile: fpe
  id_card: {method: hash, algorithm: kettle}
  email: token
  bank_card: {method: encrypt, equal: true}
  birth_date: {method: generalise, period: year}
  income: {method: noise, share: 0.1}
  text: redact
tables:
  raw/crm/people:
    columns:
      customer: {method: hash, domain: customer}
"""


def people(seed: int = 3) -> pl.DataFrame:
    """Persons; every sensitive value is of a kind that is searched for afterwards."""
    r = random.Random(seed)
    phones = [made.mobile(r) for _ in range(ROWS)]
    return pl.DataFrame(
        {
            "customer": [f"C-{r.randrange(10**9):09d}" for _ in range(ROWS)],
            "姓名": [made.name(r) + r.choice("伟芳娜") for _ in range(ROWS)],
            "手机": phones,
            "证件号": [made.id_card(r) for _ in range(ROWS)],
            "email": [f"{r.choice(['ann', 'bob'])}.{r.randrange(10**6)}@example.org" for _ in range(ROWS)],
            "card": [made.luhn(r, "622848", 19) for _ in range(ROWS)],
            "birthday": [f"{r.randint(1950, 2005)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}" for _ in range(ROWS)],
            "备注": [f"第{i}位客户请打{made.mobile(r)}联系，周末在家等候送货上门。" for i in range(ROWS)],
            "orders": [r.randint(1, 40) for _ in range(ROWS)],
        }
    )


def planted(frame: pl.DataFrame) -> set[bytes]:
    """What may stand nowhere: whole values, and the numbers in the remarks."""
    columns = ("customer", "手机", "证件号", "email", "card", "birthday", "备注")
    values = {str(v) for c in columns for v in frame[c]}
    values |= set(frame["备注"].str.extract(r"(1\d{10})").drop_nulls())
    return {v.encode() for v in values} | {v.encode("unicode_escape") for v in values}


def stores(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_policy(settings: Settings, text: str = POLICY) -> None:
    """The policy as `analytics`."""
    folder = settings.protection / "policies"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "analytics.yaml").write_text(text, encoding="utf-8")


def build(settings: Settings, instance: dg.DagsterInstance, *, checks_only: bool = False) -> dg.ExecuteInProcessResult:
    """Runs the masked table and its check."""
    raw = dg.Definitions(assets=[dg.AssetSpec(dg.AssetKey(RAW.split("/")))])
    store = dg.Definitions(resources={"warehouse": warehouse(settings)})
    defs = dg.Definitions.merge(raw, definitions(settings, [raw]), store)
    masked = dg.AssetKey(MASKED.split("/"))
    chosen = dg.AssetSelection.checks_for_assets(masked) if checks_only else dg.AssetSelection.assets(masked)
    job = dg.define_asset_job("masked", selection=chosen)
    made = dg.Definitions.merge(defs, dg.Definitions(jobs=[job])).resolve_job_def("masked")
    return made.execute_in_process(instance=instance, raise_on_error=False)


def land(settings: Settings, frame: pl.DataFrame) -> None:
    """The raw table."""
    warehouse(settings).write(TableName("raw_crm", "people"), frame)
