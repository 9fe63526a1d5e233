"""A person is found, given out and erased everywhere, and nobody else is."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from assets.security.erasure.erasure_defs import job
from assets.security.erasure.match import Needles
from assets.security.erasure.run import Erasure, Report, reports
from assets.security.protect.vault import Vault
from assets.security.trace.anchors import known
from assets.security.trace.capture import capture, opened
from assets.security.trace.tables import traced
from assets.security.trace.verify import verify
from core.errors import HeddleError
from core.settings import variables
from orchestration.cli.main import main
from resources.open import online, vectors, warehouse
from tests.assets.security.erasure.conftest import (
    CUSTOMER,
    DAILY,
    MAIL,
    NOTES,
    ORDERS,
    OTHER,
    OTHER_MAIL,
    PHONE,
    Site,
)

Made = Callable[..., Site]


def rows(site: Site, table: str) -> list[tuple[Any, ...]]:
    return warehouse(site.settings).query(f"select * from {table} order by 1").rows()


def places(report: Report) -> set[str]:
    return {f"{f['store']} {f['place']} {f['how']}" for f in report.found}


def gone(site: Site) -> None:
    """No file of the installation has an identifier, in any spelling that is looked for."""
    needles = Needles([PHONE, MAIL])
    for path, data in site.everything().items():
        assert not needles.in_bytes(data.replace(b"913812345678", b"")), path  # another number
        assert b"138-1234-5678" not in data and b"138 1234 5678" not in data, path


@pytest.mark.covers("OPS-076")
@pytest.mark.parametrize("stores", ["embedded", pytest.param("servers", marks=pytest.mark.slow)])
def test_a_person_is_erased_everywhere(make_site: Made, stores: str, request: pytest.FixtureRequest) -> None:
    fields = {}
    if stores == "servers":
        fields = {
            "warehouse": request.getfixturevalue("postgres_url"),
            "online": request.getfixturevalue("redis_server"),
        }
    site = make_site(**fields)
    settings = site.settings
    capture(settings, traced(settings)[CUSTOMER], lambda cursor: ([], cursor))
    erasure = Erasure(settings, [PHONE])
    assert erasure.subject.needles.values == (PHONE, MAIL)
    report = erasure.erase("ann")
    assert report.state == "done" and report.left == [] and report.models == ["model/shop/churn"]
    assert places(report) == {
        f"warehouse {CUSTOMER} is", f"warehouse {CUSTOMER} key", f"warehouse {DAILY} key", f"warehouse {ORDERS} key",
        f"warehouse {NOTES} names", "shop raw/shop/contacts is", "shop raw/shop/numbers is",
        "index index/shop/faq/v1 names", "online erasure_calls is", "vault analysis/phone is",
        "files home/objects/dataset/shop/churn/v1/train.parquet is",
        "files home/objects/dataset/shop/churn/v1/train.parquet names", "files kettle/out.csv is",
        "files drops/rejects.csv is", "files handbook/faq.md names", "files home/answers/2026-01-01.jsonl names",
        "files home/alerts.jsonl names", "files home/objects/index/shop/faq/v1/chunks.jsonl names",
        "home/catalog.db catalog_measures names", "home/catalog.db catalog_versions names",
        "home/lab.sqlite asked names",
    }  # fmt: skip
    gone(site)
    assert rows(site, "raw_crm.customer") == [(18, "李娜", OTHER, OTHER_MAIL)]
    assert rows(site, "table_shop.daily") == [(18, 17.0)]
    assert rows(site, "table_shop.orders") == [(1, None, None, 5), (2, 18, "李娜", 6), (17, 18, "王", 7)]
    assert {n for (n,) in rows(site, "table_shop.notes")} == {
        f"call [erased] or {OTHER}", "mail [erased]", "nothing 913812345678"
    }  # fmt: skip
    dataset = site.settings.home / "objects" / "dataset" / "shop" / "churn" / "v1"
    left = pl.read_parquet(dataset / "train.parquet")
    assert left.rows() == [(OTHER, "asked for [erased]", 2), (None, "c", 3)]
    assert "erased_rows_at" in json.loads((dataset / "erased.json").read_text())
    assert (site.folder / "kettle" / "out.csv").read_text() == f"phone,city\n{OTHER},北京\n"
    assert vectors(settings).count("shop_faq_v1") == 1
    index = dataset.parents[3] / "index" / "shop" / "faq" / "v1"
    assert [json.loads(x)["text"] for x in (index / "chunks.jsonl").read_text().splitlines()] == [
        "[erased]",
        "Ask nobody.",
    ]
    assert np.load(index / "vectors.npy").tolist() == [[0, 0, 0, 0], [0, 1, 0, 0]]
    assert [key for key, _ in online(settings).scan("erasure_calls")] == [OTHER]
    assert sum(Vault(settings.vault).counts().values()) == 1
    last = list(opened(settings).entries())[-2:]
    assert last[0].table == CUSTOMER and last[0].document["removed"] == 1
    assert last[1].document["kind"] == "erasure" and last[1].causes[0]["user"] == "ann"
    assert verify(opened(settings), known(settings)).wrong == ""
    assert Erasure(settings, [PHONE]).find() == [] and Erasure(settings, [MAIL]).find() == []
    assert Erasure(settings, [OTHER]).find()


def test_finding_changes_nothing_and_the_copy_says_where_from(site: Site, tmp_path: Path) -> None:
    before = {p: d for p, d in site.everything().items() if p.suffix in (".csv", ".md", ".parquet")}
    erasure = Erasure(site.settings, [], [(CUSTOMER, "17")])
    found = erasure.find()
    assert {f.place for f in found if f.store == "warehouse"} == {CUSTOMER, DAILY, ORDERS, NOTES}
    copy = tmp_path / "copy.jsonl"
    assert erasure.export(copy) >= 20 and stat.S_IMODE(copy.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in copy.read_text().splitlines()]
    mine = next(x["content"] for x in lines if x["place"] == CUSTOMER)
    assert mine["email"] == MAIL and not [x for x in lines if x["content"].get("email") == OTHER_MAIL]
    assert {p: d for p, d in site.everything().items() if p in before} == before


@pytest.mark.parametrize(
    "point",
    [
        "stores.tables.Tables._purge",  # rows are gone, their old bytes are not
        "stores.files.Files._mark",  # the first file is replaced, the others are not
        "stores.index.write_text",  # vectors are gone, the passages are not
        "run.Erasure._recorded",  # all is gone and reported, the trace does not say so
    ],
)
def test_killed_in_the_middle_it_goes_on_and_the_report_tells_of_all(site: Site, point: str) -> None:
    capture(site.settings, traced(site.settings)[CUSTOMER], lambda cursor: ([], cursor))
    whole = {(f.store, f.place, f.how) for f in Erasure(site.settings, [PHONE]).find()}
    module, _, name = f"assets.security.erasure.{point}".rpartition(".")
    code = (
        "import os, pkgutil, signal, sys\nfrom pathlib import Path\nfrom core.settings import load\n"
        "from assets.security.erasure.run import Erasure\n"
        f"setattr(pkgutil.resolve_name({module!r}), {name!r}, lambda *a: os.kill(os.getpid(), signal.SIGKILL))\n"
        f"Erasure(load(os.environ, Path(sys.argv[1])), ['{PHONE}']).erase('ann')\n"
    )
    environ = os.environ | variables(site.settings)
    done = subprocess.run(
        [sys.executable, "-c", code, str(site.folder)], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    erasure = Erasure(site.settings, [PHONE])
    report = erasure.erase("ann")
    found = {(f["store"], f["place"], f["how"]) for f in (r for one in reports(site.settings) for r in one["found"])}
    assert report.state == "done" and found == whole
    gone(site)
    assert not list(site.folder.rglob("*.part"))
    *_, rows_gone, told = opened(site.settings).entries()
    assert rows_gone.table == CUSTOMER and rows_gone.document["removed"] == 1
    assert rows_gone.causes[0]["user"] == "ann" and told.document["outcome"] == "done"
    assert verify(opened(site.settings), known(site.settings)).wrong == ""


def test_what_the_policy_keeps_and_what_cannot_be_changed_is_left_and_told(site: Site) -> None:
    path = site.settings.protection / "erasure.yaml"
    path.write_text(path.read_text().replace("do: anonymise, columns: {receiver: null}", "do: keep"))
    (site.settings.drops / "scan.bin").write_bytes(b"\x00\x01" + PHONE.encode() + b"\x02")
    report = Erasure(site.settings, [PHONE]).erase("ann")
    assert report.state == "left"
    assert {(f["place"], f["how"]) for f in report.left} == {(ORDERS, "key"), ("drops/scan.bin", "by hand")}
    assert len(rows(site, "table_shop.orders")) == 3


def test_as_a_run_without_values_in_its_records(site: Site, tmp_path: Path) -> None:
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps({"values": [PHONE]}))
    inputs = {"ops": {"erase": {"config": {"subject": f"file:{asked}", "by": "ann"}}}}
    with dg.instance_for_test() as instance:
        run = job(site.settings).execute_in_process(inputs, instance=instance)
        told = repr([e.user_message for e in instance.all_logs(run.run_id)]) + repr(run.all_events)
        assert PHONE not in told and MAIL not in told and "erasure/state" in told
    assert opened(site.settings).head().causes[0]["run"] == run.run_id  # type: ignore[union-attr]


def test_the_command_line(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(site.settings).items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke
    found = run(main, ["erase", "find", "--value", "-"], input=f"{PHONE}\n")
    assert (
        found.exit_code == 0 and f"warehouse: {CUSTOMER} (email, phone)" in found.output and PHONE not in found.output
    )
    refused = run(main, ["erase", "run", "--row", CUSTOMER, "17"], input="n\n")
    assert refused.exit_code == 1 and len(rows(site, "raw_crm.customer")) == 2
    done = run(main, ["erase", "run", "--row", CUSTOMER, "17", "--yes"])
    assert done.exit_code == 0, done.output
    assert "train anew: model/shop/churn" in done.output and "done; report" in done.output
    assert "warehouse: raw/crm/customer" in run(main, ["erase", "report"]).output
    gone(site)


def test_mistakes_and_short_identifiers_are_refused(site: Site) -> None:
    with pytest.raises(HeddleError, match="3 characters"):
        Erasure(site.settings, ["abc"])
    with pytest.raises(HeddleError, match="nobody is named"):
        Erasure(site.settings, [])
    with pytest.raises(HeddleError, match="has no key in erasure"):
        Erasure(site.settings, [], [(ORDERS, "1")])
    hostile = "x'; drop table customer; --%_!"
    assert Erasure(site.settings, [hostile]).find() == [] and len(rows(site, "raw_crm.customer")) == 2
