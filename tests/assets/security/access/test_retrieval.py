"""Answers from documents: what a person may not read is found by nobody for them."""

import getpass
import json

import pytest
from click.testing import CliRunner

from assets.catalog.facts import AssetFacts
from assets.catalog.register import register
from assets.catalog.store.versions import Versions
from core.settings import Settings, variables
from orchestration.cli.main import main
from tests.fakes.handbook import Handbook, copied, small

__all__ = ["copied", "small"]
COLLECTION = "doc/retail/handbook"
POLICY = """
rules:
  - {{id: all, who: ["*"], tables: [doc/retail/handbook]}}
  - {{id: audit, who: [bob], tables: ["doc/retail/handbook/returns*"], purposes: [audit], when: {{until: {until}}}}}
  - {{id: closed, who: [ann, eve], tables: ["doc/retail/handbook/returns*"], effect: deny}}
"""


def asked(settings: Settings, person: str, patch: pytest.MonkeyPatch) -> set[str]:
    """The documents that come back, and with them the answer's text."""
    patch.setattr(getpass, "getuser", lambda: person)
    done = CliRunner().invoke(main, ["ask", "How long does a card refund take?", "--json"])
    assert done.exit_code == 0, done.output
    return {s["document"] for s in json.loads(done.output)["sources"]}


@pytest.mark.covers("DATA-072")
def test_documents_are_left_out_before_they_are_searched(copied: Handbook, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copied.settings.home / "protection"
    (folder / "access").mkdir(parents=True)
    settings = copied.settings.model_copy(update={"protection": folder})
    for name, value in variables(settings).items():
        monkeypatch.setenv(name, value)
    assert "returns.html" in asked(settings, "ann", monkeypatch)
    (folder / "access" / "docs.yaml").write_text(POLICY.format(until="2999-01-01"))
    assert "returns.html" in asked(settings, "bob", monkeypatch)
    seen = asked(settings, "ann", monkeypatch)
    assert seen and "returns.html" not in seen
    (folder / "access" / "docs.yaml").write_text(POLICY.replace('"*"', "bob").format(until="2999-01-01"))
    assert asked(settings, "eve", monkeypatch) == set()


def test_a_private_collection_is_its_owners(copied: Handbook, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(copied.settings).items():
        monkeypatch.setenv(name, value)
    versions = Versions(copied.settings.catalog)
    register(versions, [AssetFacts(key=COLLECTION, description="", tags={"private": ""}, owners=("bob",))])
    assert asked(copied.settings, "ann", monkeypatch) == set()
    assert asked(copied.settings, "bob", monkeypatch)
