"""Descriptions written from evidence by templates, in English and Chinese. Nothing is said that no field says.

Every sentence comes with the field it was made from, so that a reader can tell what is known from what was written by
a person. Counts that each run moves (rows, ages) are measurements and stand beside the description, not in it.
"""

from typing import NamedTuple

from assets.catalog.facts import AssetFacts
from assets.catalog.model import Base, ColumnInfo, TableInfo

NOUNS = {
    "raw": ("Source table", "源表"),
    "table": ("Table", "数据表"),
    "feature": ("Feature table", "特征表"),
    "dataset": ("Training data set", "训练数据集"),
    "model": ("Model", "模型"),
    "index": ("Search index", "检索索引"),
    "endpoint": ("Model endpoint", "模型服务"),
    "report": ("Report", "报告"),
    "doc": ("Documents", "文档"),
}
SHOWN = 4  # names that a sentence lists


class Sentence(NamedTuple):
    """One sentence in both languages, and the evidence it rests on."""

    en: str
    zh: str
    evidence: str


def of_asset(facts: AssetFacts) -> list[Sentence]:
    """What can be said of an asset without knowing its subject."""
    en, zh = NOUNS.get(facts.layer, ("Asset", "资产"))
    noun = facts.key.rsplit("/", 1)[1].replace("_", " ")
    found = [Sentence(f"{en}: {noun}.", f"{zh}：{noun}。", "asset key")]
    if facts.columns:
        found.append(_columns(facts.columns, "column schema of the last run" if facts.made else "definition"))
    if facts.upstream:
        names = _names([k.split("/", 1)[1] for k in facts.upstream])
        kinds = ", ".join(facts.kinds)
        made = f" ({kinds})" if kinds else ""
        found.append(Sentence(f"Made from {names}{made}.", f"由 {names} 生成{made}。", "dependencies and kinds"))
    unique = [c.name for c in facts.checks if "unique" in c.name and c.passed]
    if unique:
        found.append(Sentence(f"Checked unique: {_names(unique)}.", f"已校验唯一性：{_names(unique)}。", "last checks"))
    return found


def of_table(table: TableInfo) -> list[Sentence]:
    """What can be said of a scanned table."""
    found = [_columns(table.columns, "scan")] if table.columns else []
    if table.primary_key:
        key = ", ".join(table.primary_key)
        found.append(Sentence(f"One row per {key}.", f"每个 {key} 一行。", "primary key"))
    if table.foreign_keys:
        names = _names(sorted({f.table for f in table.foreign_keys}))
        found.append(Sentence(f"Refers to {names}.", f"引用 {names}。", "foreign keys"))
    return found


def _columns(columns: tuple[ColumnInfo, ...], evidence: str) -> Sentence:
    dates = [c.name for c in columns if c.base in (Base.DATE, Base.TIMESTAMP)]
    en, zh = f"{len(columns)} columns", f"共 {len(columns)} 列"
    if dates:
        en, zh = f"{en}, dated by {_names(dates)}", f"{zh}，时间列 {_names(dates)}"
    return Sentence(f"{en}.", f"{zh}。", evidence)


def _names(names: list[str]) -> str:
    more = f" (+{len(names) - SHOWN})" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
