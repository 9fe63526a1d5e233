"""The lineage graph of the demo company, as its definitions, two answers and an import say it.

`python -m tests.serving.studio.demo` writes the golden graph anew; what changed in it is to be read before it is kept.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from assets.catalog.lineage.lineage_defs import record_answers, refresh_definitions
from assets.catalog.lineage.model import Edge
from assets.catalog.lineage.store import LineageStore
from assets.knowledge.journal import append
from core.settings import Settings, load
from orchestration.session import Session, open_session

GOLDEN = Path(__file__).with_name("demo_graph.txt")
EXAMPLES = Path(__file__).parents[3] / "examples" / "catalog"
SQL = "select sale_date, sum(sales_value) as revenue from table_retail.basket_lines group by sale_date"
BOARD = "dashboard:经营看板"
CSV = f"from,from_column,to,to_column\nmetric:sales,value,{BOARD},销售额\ntable/retail/products,brand,{BOARD},品牌\n"
EVENT = {
    "eventType": "COMPLETE", "eventTime": "2026-01-01T00:00:00Z", "producer": "https://example.org",
    "run": {"runId": "01890000-0000-7000-8000-000000000000"}, "job": {"namespace": "airflow", "name": "send_coupons"},
    "inputs": [{"namespace": "heddle", "name": "report/retail/coupon_scores"}],
    "outputs": [{"namespace": "crm", "name": "outbox"}],
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
}  # fmt: skip


def settings_in(folder: Path) -> Settings:
    """The demo's settings with everything that is written below a folder."""
    shutil.copytree(EXAMPLES, folder / "files")
    return load({"HEDDLE_HOME": str(folder / "home"), "HEDDLE_CATALOG_FILES": str(folder / "files")})


def read(settings: Settings) -> Session:
    """Takes the demo's definitions and two answers, one from documents and one from SQL, into the graph."""
    session = open_session(settings)
    refresh_definitions(settings, session.runner.graph, session.instance)
    said = {"documents": ["returns.md", "loyalty.md"], "cited": [1], "index": "1"}
    append(settings, {"question": "How long may things be returned?", "mode": "documents"} | said)
    append(settings, {"question": "每天的销售额是多少？", "mode": "sql", "sql": SQL, "dialect": "duckdb"})
    append(settings, {"question": "客单价", "mode": "metrics", "metrics": ["average_basket"]})
    record_answers(settings)
    return session


def edges(store: LineageStore) -> set[Edge]:
    """All edges, without the words about them; answers are named alike, as their ids are hashes of the time."""
    return {
        Edge(e.from_key, e.from_column, "answer:…" if e.to_key.startswith("answer:") else e.to_key, e.to_column, e.kind)
        for one in store.stated()
        for e in one.edges
        if not e.to_key.startswith("report/catalog/")  # it reads every table there is
    }


def told(found: Iterable[Edge]) -> str:
    """A line for each column that is made, with all that it is made from."""
    made: dict[str, list[str]] = {}
    for e in found:
        kind = "" if e.kind == "data" else f" ({e.kind})"
        made.setdefault(_name(e.to_key, e.to_column), []).append(_name(e.from_key, e.from_column) + kind)
    return "".join(f"{to} <- {', '.join(sorted(sources))}\n" for to, sources in sorted(made.items()))


def event_file(folder: Path) -> Path:
    """An OpenLineage event of another tool."""
    path = folder / "airflow.jsonl"
    path.write_text(json.dumps(EVENT) + "\n", encoding="utf-8")
    return path


def csv_file(folder: Path) -> Path:
    """A dashboard's fields, exported from a BI tool."""
    path = folder / "boards.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def _name(key: str, column: str) -> str:
    return f"{key}.{column}" if column else key


def main() -> None:
    """Writes the golden graph."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        read(settings)
        GOLDEN.write_text(told(edges(LineageStore(settings.catalog))), encoding="utf-8")


if __name__ == "__main__":
    main()
