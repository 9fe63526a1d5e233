"""A company's own attributes in the studio: shown, edited, refused beside their fields, searched."""

import pytest

from assets.catalog.attributes.model import FILE
from assets.catalog.card import card
from assets.catalog.store.versions import Versions
from core.settings import Settings
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOSTILE, SALES
from tests.serving.studio.forms import Reader, errors
from tests.serving.studio.test_metrics import EDIT, NEW

TEXT = """attributes:
  - {name: tier, kinds: [table, column, metric, dimension], type: choice, label: {en: Service tier, zh: 服务等级},
     required: true, choices: [{value: gold, label: {en: Golden, zh: 黄金}}, silver]}
  - {name: reviewed, kinds: [table, metric], type: date}
  - {name: shared, kinds: [table], type: bool, label: {en: "<b>shared</b>"}}
  - {name: note, kinds: [table]}
"""


@pytest.fixture
def reader(studio: Studio, settings: Settings) -> Reader:
    (settings.catalog_files / FILE).write_text(TEXT, encoding="utf-8")
    return Reader(studio)


def test_of_an_entry(reader: Reader, versions: Versions) -> None:
    form = reader.form("/entry", "/entry", key=SALES)
    assert form["a.tier"] == "" and "&lt;b&gt;shared&lt;/b&gt;" in reader.get("/entry", key=SALES).text
    refused = reader.send("/entry", form)
    assert refused.status_code == 400 and "attribute tier is missing" in refused.text
    for name, value in (("a.tier", "bronze"), ("a.reviewed", "soon"), ("a." + "x" * 500, "y"), ("a.note", "n" * 2001)):
        assert reader.send("/entry", form | {"a.tier": "gold"} | {name: value}).status_code == 400
    given = {"a.tier": "gold", "a.reviewed": "2024-05-01", "a.shared": "false", "a.note": HOSTILE}
    page = reader.done("/entry", form | given)
    assert "Golden" in page and "2024-05-01" in page and HOSTILE not in page
    assert card(versions, SALES).attributes == {k.removeprefix("a."): v for k, v in given.items()} | {"shared": False}
    assert reader.form("/entry", "/entry", key=SALES) | given == reader.form("/entry", "/entry", key=SALES)
    assert reader.send("/entry", form | given).status_code == 409  # made of the version before
    assert SALES in reader.get("/", q="黄金").text and "黄金" in reader.get("/entry", key=SALES, lang="zh").text


def test_of_a_column(reader: Reader, versions: Versions) -> None:
    form = reader.form("/column", "/column", key="shop/orders", name="state") | {"what": "text"}
    assert "tier is missing" in reader.send("/column", form).text
    page = reader.done("/column", form | {"a.tier": "silver", "owner": "bob"})
    assert "silver" in page and "bob" in page
    line = next(x for x in card(versions, "shop/orders").lines if x.column.name == "state")
    assert (line.owner, line.attributes, line.text) == ("bob", {"tier": "silver"}, "")


def test_of_records(reader: Reader, settings: Settings) -> None:
    form = reader.form(EDIT, EDIT) | NEW
    assert set(errors(reader.send(EDIT, form).text)) == {"a.tier"}
    wrong = errors(reader.send(EDIT, form | {"a.tier": "gold", "a.reviewed": "x"}).text)
    assert wrong == {"a.reviewed": "'x' is no date, such as 2024-05-01"}
    assert "Golden" in reader.done(EDIT, form | {"a.tier": "gold"})
    assert reader.form(EDIT, EDIT, name="private_units")["a.tier"] == "gold"
    path = settings.catalog_files / "metrics" / "private_units.yaml"
    assert "attributes:\n  tier: gold\n" in path.read_text()
    define = "/dimension/define"
    made = reader.form(define, define) | {"name": "d", "table": "d", "c0.name": "k", "c0.key": "1", "what": "save"}
    assert "a.tier" in errors(reader.send(define, made).text)


def test_a_wrong_file_is_told_when_something_is_saved(reader: Reader, settings: Settings) -> None:
    (settings.catalog_files / FILE).write_text("attributes: [{name: 3}]")
    form = reader.form("/entry", "/entry", key=SALES)
    refused = reader.send("/entry", form)
    assert refused.status_code == 400 and "attribute 1: field name" in refused.text
    assert reader.get("/").status_code == 200
