"""What `heddle demo` shows at the end: what was built, how good it is, predictions over HTTP, answered questions."""

from pathlib import Path
from typing import Any

import dagster as dg
from rich.console import Console
from rich.table import Table

from core.naming import Key, model_name
from core.settings import Settings
from orchestration.session import Session
from resources import open as ports

MODEL = Key.parse("model/retail/coupon_propensity")
DATASET = Key.parse("dataset/retail/coupon_propensity")
QUESTIONS = ("How long can registers work offline when the network fails?", "优惠券过期了还能用吗？")
SHOWN_METRICS = ("auc", "average_precision", "log_loss", "brier")
PREDICTIONS = 3
REPORTS = {
    "sales_forecast": ("MASE", "MASE of seasonal naive", "WAPE %", "WAPE % of seasonal naive"),
    "segments": ("number of segments", "silhouette", "stability (mean adjusted Rand index)"),
}


def show(console: Console, session: Session) -> None:
    """Print the whole summary."""
    for part in (_tables, _stores, _model, _predictions, _reports, _answers):
        part(console, session)


def _latest(session: Session, key: dg.AssetKey) -> dict[str, Any]:
    event = session.instance.get_latest_materialization_event(key)
    materialization = event.asset_materialization if event else None
    return {k: v.value for k, v in materialization.metadata.items()} if materialization else {}


def _title(console: Console, text: str) -> None:
    console.print(f"\n[bold]{text}[/bold]")


def _tables(console: Console, session: Session) -> None:
    _title(console, "Tables")
    table = Table("table", "rows", "columns", box=None)
    table.columns[1].justify = table.columns[2].justify = "right"
    for key in session.runner.graph.toposorted_asset_keys:
        metadata = _latest(session, key)
        schema = metadata.get("dagster/column_schema")
        if schema is not None and "dagster/row_count" in metadata:
            rows = metadata["dagster/row_count"]
            table.add_row(key.to_user_string(), f"{rows:,}", str(len(schema.columns)))
    console.print(table)


def _stores(console: Console, session: Session) -> None:
    home = session.settings.home
    _title(console, f"On disk, under {home}")
    for path in sorted(home.iterdir()):
        size = sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size
        if size > 1e5:
            console.print(f"  {path.name:<20} {size / 1e6:>8.1f} MB", highlight=False)


def _model(console: Console, session: Session) -> None:
    metadata = _latest(session, dg.AssetKey(list(MODEL)))
    _title(console, f"Model {model_name(MODEL)}, version {metadata['model_version']}, on the held-out period")
    table = Table("", *SHOWN_METRICS, box=None)
    for name, prefix in ((str(metadata["family"]), ""), ("logistic regression (baseline)", "baseline_")):
        table.add_row(name, *(f"{metadata[prefix + metric]:.3f}" for metric in SHOWN_METRICS))
    console.print(table)


def held_out_rows(settings: Settings, rows: int) -> list[dict[str, Any]]:
    """The first rows of the held-out split, evenly over both labels, as the dataset has them."""
    import polars as pl

    objects = ports.objects(settings)
    folder = objects.path(DATASET, objects.alias(DATASET, "current") or "")
    held_out = pl.scan_parquet(folder / "data.parquet").filter(split="test")
    redeemed = held_out.filter(label=1).head(rows - rows // 2).collect()
    other = held_out.filter(label=0).head(rows // 2).collect()
    return list(pl.concat([redeemed, other]).iter_rows(named=True))


def _predictions(console: Console, session: Session) -> None:
    import httpx
    import orjson

    from core.signature import Signature

    settings = session.settings
    url = f"{settings.endpoints}/predict/{model_name(MODEL)}"
    rows = held_out_rows(settings, PREDICTIONS)
    objects = ports.objects(settings)
    package = Path(objects.path(MODEL, objects.alias(MODEL, "champion") or ""))
    inputs = [i.name for i in Signature.model_validate_json((package / "signature.json").read_bytes()).inputs]
    body = {"rows": [{name: row[name] for name in inputs} for row in rows]}
    response = httpx.post(url, content=orjson.dumps(body), headers={"content-type": "application/json"}, timeout=10)
    response.raise_for_status()
    answered = response.json()
    _title(console, f"Predictions by POST {url} (version {answered['version']})")
    table = Table("household", "campaign", "probability of a redemption", "did redeem", box=None)
    for row, probability in zip(rows, answered["probabilities"], strict=True):
        redeemed = "yes" if row["label"] else "no"
        table.add_row(str(row["household_id"]), str(row["campaign_id"]), f"{probability:.3f}", redeemed)
    console.print(table)


def _reports(console: Console, session: Session) -> None:
    _title(console, "Reports")
    for name, figures in REPORTS.items():
        metadata = _latest(session, dg.AssetKey(["report", "retail", name]))
        shown = ", ".join(f"{figure} {metadata[figure]:.3g}" for figure in figures)
        console.print(f"  {name:<16} {shown}", highlight=False, soft_wrap=True)


def _answers(console: Console, session: Session) -> None:
    from assets.knowledge.answer import answer
    from assets.knowledge.search import HandbookIndex
    from resources.llm_openai import OpenAiLlm

    _title(console, "Questions to the handbook")
    index = HandbookIndex.live(session.settings, ports.objects(session.settings))
    for question in QUESTIONS:
        found = answer(index, question, 5, None, OpenAiLlm.from_settings(session.settings))
        console.print(f"  [cyan]{question}[/cyan]")
        console.print(f"  {found.text}  [dim]({found.mode})[/dim]", soft_wrap=True)
        if found.hits:
            chunk = found.hits[0].chunk
            console.print(f"  [dim]{chunk.document}: {' / '.join(chunk.heading)}[/dim]")
