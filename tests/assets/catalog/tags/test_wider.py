"""Fine tags and the wider ones that they imply: shown once, decided sensibly, found by both."""

import json
from pathlib import Path

import pytest

from assets.catalog.card import card
from assets.catalog.find import find
from assets.catalog.semantics import registry
from assets.catalog.semantics.spec import SemanticsError
from assets.catalog.store.versions import Versions
from assets.catalog.tags.decide import decide
from assets.catalog.tags.kept import Tag, of_asset
from assets.catalog.tags.refresh import refresh
from assets.catalog.tags.vocabulary import load
from assets.security.sensitive.classes import Protection, builtin
from assets.security.sensitive.columns import Finding
from assets.security.sensitive.observed import keep
from core.settings import Settings
from tests.assets.catalog.tags.test_tags import CLEAN, PHONE, RUN, SALES, USERS
from tests.assets.catalog.tags.test_tags import shop as shop

MOBILE = "pii:mobile"
Shop = tuple[Settings, Versions]


@pytest.fixture
def found(shop: Shop) -> Shop:
    """The shop, in which the search for sensitive data called `mob` a mobile number too."""
    settings, versions = shop
    finding = Finding(column="mob", class_="mobile", level=2, confidence=0.9, protection=Protection.FPE)
    keep(versions, "crm", {"users": {"mob": finding}})
    refresh(settings, versions, RUN)
    return shop


def personal(versions: Versions, key: str, column: str) -> dict[str, Tag]:
    tags = of_asset(versions, key).tags.columns.get(column, {})
    return {name: tag for name, tag in tags.items() if name.startswith("pii:")}


def test_the_wider_one_is_not_shown_once_more(found: Shop) -> None:
    for key, column in ((USERS, "mob"), (CLEAN, "phone"), (SALES, "contact")):
        tags = personal(found[1], key, column)
        assert set(tags) == {MOBILE} and tags[MOBILE].implies == (PHONE,), key


def test_accepting_the_fine_one_puts_both_in_force(found: Shop) -> None:
    settings, versions = found
    decide(settings, versions, (USERS, "mob"), MOBILE, True, "ann")
    assert of_asset(versions, SALES).tags.in_force()["contact"] == [MOBILE, PHONE]
    assert json.loads((settings.home / "tags.json").read_text())[CLEAN]["phone"] == [MOBILE, PHONE]
    for question in ("pii:phone", "pii:mobile"):
        assert SALES in [hit.key for hit in find(settings, versions, question, "ann")]


def test_accepting_the_wider_one_leaves_the_fine_one_to_be_decided(found: Shop) -> None:
    settings, versions = found
    decide(settings, versions, (USERS, "mob"), PHONE, True, "ann")
    assert {n: t.state for n, t in personal(versions, USERS, "mob").items()} == {MOBILE: "proposed", PHONE: "accepted"}
    assert of_asset(versions, SALES).tags.in_force()["contact"] == [PHONE]


def test_refusing_the_wider_one_refuses_both(found: Shop) -> None:
    settings, versions = found
    decide(settings, versions, (USERS, "mob"), PHONE, False, "ann")
    assert {t.state for t in personal(versions, USERS, "mob").values()} == {"refused"}
    assert not personal(versions, SALES, "contact") and "mob" not in of_asset(versions, USERS).tags.guarded()
    assert refresh(settings, versions, RUN) == []
    decide(settings, versions, (USERS, "mob"), MOBILE, True, "bob")  # who accepts the fine one means both
    assert of_asset(versions, SALES).tags.in_force()["contact"] == [MOBILE, PHONE]


def test_refusing_the_wider_one_below_stops_the_fine_one_there(found: Shop) -> None:
    settings, versions = found
    decide(settings, versions, (USERS, "mob"), MOBILE, True, "ann")
    decide(settings, versions, (CLEAN, "phone"), PHONE, False, "ann")
    assert "phone" not in of_asset(versions, CLEAN).tags.in_force()
    assert not personal(versions, SALES, "contact")


def test_refusing_the_fine_one_leaves_the_wider_one_proposed(found: Shop) -> None:
    settings, versions = found
    decide(settings, versions, (USERS, "mob"), MOBILE, False, "ann")
    assert {n: t.state for n, t in personal(versions, USERS, "mob").items()} == {MOBILE: "refused", PHONE: "proposed"}
    assert set(personal(versions, SALES, "contact")) == {PHONE}
    assert "mob" in card(versions, USERS).tagged.guarded()


def test_every_flagged_class_has_one_tag_with_names() -> None:
    types = registry.builtin()
    words = load(Path(), types)
    for class_ in builtin().all.values():
        if class_.flagged:
            assert words.label(f"pii:{class_.name}", "zh") != f"pii:{class_.name}"
            for type_ in class_.types:  # what its meaning proposes is the class's tag or one that it implies
                own = {f"pii:{class_.name}", *words.implied(f"pii:{class_.name}")}
                proposed = {t for t in words.tags(type_) if t.startswith(("pii:", "secret"))}
                assert proposed <= own or not types.sensitive(type_), (class_.name, type_)


def test_a_team_s_own_hierarchy(tmp_path: Path) -> None:
    types = registry.builtin()
    (tmp_path / "tags.yaml").write_text("pii:vip: {en: number of a guest of honour, of: 'pii:mobile'}\n")
    assert load(tmp_path, types).implied("pii:vip") == (MOBILE, PHONE)
    for wrong in ("a: {en: a, of: b}", "a: {en: a, of: a}", "{a: {en: a, of: b}, b: {en: b, of: a}}"):
        (tmp_path / "tags.yaml").write_text(wrong)
        with pytest.raises(SemanticsError, match=r"of: '.' is no wider tag"):
            load(tmp_path, types)
