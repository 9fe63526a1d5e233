"""The vault on SQLite and PostgreSQL: one token a value, no value in its tables, a change of keys, permission."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assets.security.protect.base import Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.keys import Keyring, keyring
from assets.security.protect.registry import method
from assets.security.protect.reveal import reveal, reveal_fpe
from assets.security.protect.rotate import rotate_file
from assets.security.protect.vault import Vault
from core.errors import SettingsError
from core.settings import Settings

OLD, NEW = "0123456789abcdefghijklmnopqrstuv", "vutsrqponmlkjihgfedcba9876543210"
BEFORE, AFTER = Keyring({"k1": OLD.encode()}), Keyring({"k2": NEW.encode(), "k1": OLD.encode()})
PHONES = [f"1380013{n:04d}" for n in range(30)]


def test_tokens_say_nothing_and_lead_back_with_the_key(url: str) -> None:
    vault = Vault(url)
    at = Scope("analytics", "phone", keys=BEFORE, vault=vault)
    how = method("token")
    params = how.params.read({}, "test")
    values = pl.Series("c", [*PHONES, None, *PHONES])
    out = how.protect(values, params, at)
    assert out.n_unique() == 31 and out[30] is None and out[0] == out[31]
    assert how.protect(values, params, at).to_list() == out.to_list()
    other = how.protect(values, params, Scope("research", "phone", keys=BEFORE, vault=vault))
    assert not set(other.drop_nulls()) & set(out.drop_nulls())
    assert how.reverse(out, params, at).to_list() == values.to_list()
    with pytest.raises(ProtectionError, match="another one"):
        vault.values(out.drop_nulls().to_list(), Keyring({"k1": NEW.encode()}))
    with pytest.raises(ProtectionError, match="1 of 1 texts are no tokens"):
        vault.values(["tok_made_up"], BEFORE)
    assert vault.counts() == {("analytics", "phone", "k1"): 30, ("research", "phone", "k1"): 30}


def test_a_change_of_keys_keeps_tokens_and_frees_the_old_key(url: str) -> None:
    vault = Vault(url)
    tokens = vault.tokens(PHONES, Scope("p", "d", keys=BEFORE))
    at = Scope("p", "d", keys=AFTER)
    assert vault.tokens(PHONES, at) == tokens  # found by the old key
    late = vault.tokens(["new"], at)
    # a process that has only the old key gives a value that the new key knows a second token
    again = vault.tokens(["new"], Scope("p", "d", keys=BEFORE))
    assert vault.rotate(AFTER) == 31
    alone = Keyring({"k2": NEW.encode()})
    assert vault.tokens([*PHONES, "new"], Scope("p", "d", keys=alone)) == [*tokens, *late]
    assert vault.values([*tokens, *late, *again], alone) == [*PHONES, "new", "new"]
    assert vault.rotate(AFTER) == 0
    with pytest.raises(SettingsError, match="no key 'k2'"):
        vault.values(tokens, BEFORE)


def test_a_name_keeps_its_key(url: str) -> None:
    vault = Vault(url)
    wrong = Keyring({"k1": NEW.encode()})
    vault.compare(wrong)  # nothing is protected yet
    vault.pin(BEFORE)
    tokens = vault.tokens(PHONES, Scope("p", "d", keys=BEFORE))
    for ring in (wrong, Keyring({"k2": NEW.encode(), "k1": NEW.encode()})):
        for refused in (vault.compare, vault.pin):
            with pytest.raises(ProtectionError, match=f"another key 'k1'.*{BEFORE.check_value('k1')}") as told:
                refused(ring)
            assert OLD not in str(told.value) and NEW not in str(told.value)
    vault.pin(AFTER)  # also when the names of a refused ring came before
    vault.rotate(AFTER)
    vault.pin(Keyring({"k2": NEW.encode()}))
    with pytest.raises(ProtectionError, match="another key 'k1'"):
        vault.pin(Keyring({"k2": NEW.encode(), "k1": NEW.encode()}))  # the name stays taken
    assert vault.tokens(PHONES, Scope("p", "d", keys=Keyring({"k2": NEW.encode()}))) == tokens


def test_a_vault_of_before_check_values_knows_a_key_by_what_it_opens(tmp_path: Path) -> None:
    vault = Vault(f"sqlite:///{tmp_path}/vault.db")
    vault.tokens(PHONES, Scope("p", "d", keys=BEFORE))
    with pytest.raises(ProtectionError, match="another key 'k1'"):
        vault.pin(Keyring({"k1": NEW.encode()}))
    vault.pin(BEFORE)


PINNER = """
import sys
from assets.security.protect.errors import ProtectionError
from assets.security.protect.keys import Keyring
from assets.security.protect.vault import Vault
vault, key = Vault(sys.argv[1]), sys.argv[2].encode()
try:
    for n in range(40):
        vault.pin(Keyring({f"k{n}": key}))
    print("pinned")
except ProtectionError:
    print("refused")
"""


def test_of_two_keys_at_once_one_gets_the_name(url: str) -> None:
    Vault(url)
    words = [sys.executable, "-c", PINNER, url]
    each = [subprocess.Popen([*words, key], stdout=subprocess.PIPE, text=True) for key in (OLD, NEW)]
    assert sorted(process.communicate(timeout=60)[0].strip() for process in each) == ["pinned", "refused"]


WORKER = """
import sys
from assets.security.protect.base import Scope
from assets.security.protect.keys import Keyring
from assets.security.protect.vault import Vault
at = Scope("p", "d", keys=Keyring({"k1": b"0123456789abcdefghijklmnopqrstuv"}))
print(*Vault(sys.argv[1]).tokens([f"value {n}" for n in range(400)], at))
"""


def test_processes_agree_on_tokens(url: str) -> None:
    Vault(url)
    each = [subprocess.Popen([sys.executable, "-c", WORKER, url], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=60)[0].split() for process in each]
    assert len(set(told[0])) == 400 and told[0] == told[1]


def test_the_tables_hold_no_value(tmp_path: Path) -> None:
    vault = Vault(f"sqlite:///{tmp_path}/vault.db")
    vault.tokens(PHONES, Scope("p", "d", keys=BEFORE))
    vault.engine.dispose()
    with sqlite3.connect(tmp_path / "vault.db") as db:
        db.execute("pragma wal_checkpoint(truncate)")
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(held) > 4_000 and not [p for p in PHONES if p.encode() in held]
    assert OLD.encode() not in held


POLICY = "purpose: care\nclasses: {mobile: fpe}\ndetokenise: [ann, 'team:privacy']\n"


@pytest.fixture
def site(make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "protection" / "policies").mkdir(parents=True)
    (tmp_path / "protection" / "policies" / "care.yaml").write_text(POLICY)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "teams.yaml").write_text("team:privacy: [bob]\n")
    monkeypatch.setenv("PROTECT_TEST_KEY", OLD)
    keys = "k1=env:PROTECT_TEST_KEY"
    return make_settings(protection=tmp_path / "protection", catalog_files=tmp_path / "files", protection_keys=keys)


def test_only_whom_the_policy_names_opens_values_and_all_is_logged(site: Settings) -> None:
    from assets.security.protect.policy import Policies

    vault, ring = Vault(site.vault), keyring(site)
    (token,) = vault.tokens(["13800138000"], Scope("care", "phone", keys=ring))
    at = Scope("care", "card", "mobile", ring)
    text = method("encrypt").protect(pl.Series(["6222"]), method("encrypt").params(), at)[0]
    assert reveal(site, [token, text], "ann", "case 1") == ["13800138000", "6222"]
    assert reveal(site, [text], "bob", "case 2") == ["6222"]
    with pytest.raises(ProtectionError, match="eve may not"):
        reveal(site, [token], "eve", "curious")
    foreign = vault.tokens(["x"], Scope("marketing", "phone", keys=ring))
    with pytest.raises(ProtectionError, match="'marketing'"):
        reveal(site, [token, *foreign], "ann", "case 3")
    policy = Policies(site.protection).get("care")
    use = policy.classes["mobile"]
    mobile = Scope("care", "mobile", "mobile", ring)
    hidden = use.how.protect(pl.Series(["13800138000"]), use.read("test"), mobile).to_list()
    assert reveal_fpe(site, hidden, policy, "mobile", "", "bob", "case 4") == ["13800138000"]
    log = [(line["who"], line["why"], line["purpose"], line["values"], line["allowed"]) for line in vault.opened()]
    assert log == [
        ("ann", "case 1", "care", 2, 1),
        ("bob", "case 2", "care", 1, 1),
        ("eve", "curious", "care", 1, 0),
        ("ann", "case 3", "care", 2, 1),
        ("ann", "case 3", "marketing", 2, 0),
        ("bob", "case 4", "care", 1, 1),
    ]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_encrypted_columns_of_a_file_get_the_new_key(tmp_path: Path, ending: str) -> None:
    how, at = method("encrypt"), Scope("p", "d", keys=BEFORE)
    values = pl.Series("v", ["a", "b", "a", None])
    frame = pl.DataFrame(
        {"n": [1, 2, 3, 4], "plain": ["x", "=y", None, "z"]}
        | {name: how.protect(values, how.params(equal=equal), at) for name, equal in (("once", False), ("equal", True))}
    )
    path = tmp_path / f"t.{ending}"
    frame.write_csv(path) if ending == "csv" else frame.write_parquet(path)
    assert rotate_file(path, AFTER) == {"once": 3, "equal": 3}
    made = pl.read_csv(path) if ending == "csv" else pl.read_parquet(path)
    alone = Scope("p", "d", keys=Keyring({"k2": NEW.encode()}))
    for name in ("once", "equal"):
        assert how.reverse(made[name], None, alone).to_list() == values.to_list()
    assert made["equal"][0] == made["equal"][2] and made["once"][0] != made["once"][2]
    assert made["n"].to_list() == [1, 2, 3, 4]
    before = path.read_bytes()
    pl.DataFrame({"v": ["nothing"]}).write_csv(tmp_path / "other.csv")
    with pytest.raises(ProtectionError, match="no encrypted column"):
        rotate_file(tmp_path / "other.csv", AFTER)
    with pytest.raises(SettingsError, match="no key 'k2'"):
        rotate_file(path, Keyring({"k3": NEW.encode()}))
    assert path.read_bytes() == before and not list(tmp_path.glob(".*.part"))
