"""Budgets on SQLite and PostgreSQL: they add up exactly and cannot be overspent, by two processes neither."""

import subprocess
import sys
from pathlib import Path

import pytest

from assets.security.privacy.budget import Budget, Ledger, budget, budgets
from assets.security.protect.errors import ProtectionError

OF = Budget(epsilon=1.0, delta=1e-6)


def test_ten_tenths_are_one_and_then_it_is_spent(url: str) -> None:
    ledger = Ledger(url)
    for n in range(10):
        left = ledger.spend("raw/crm/people", OF, 0.1, 1e-7, "ann", f"question {n}")
    assert left.epsilon_left == 0 and left.delta_left == 0  # in floats ten tenths are less than one
    with pytest.raises(ProtectionError) as told:
        ledger.spend("raw/crm/people", OF, 1e-9, 0, "ann", "one more")
    assert "epsilon 1e-09" in told.value.what and "epsilon 0 of 1 and delta 0" in told.value.what
    assert ledger.spend("raw/crm/other", OF, 1.0, 0, "ann", "another").epsilon_left == 0
    assert [line["what"] for line in ledger.lines("raw/crm/people")] == [f"question {n}" for n in range(10)]
    assert sum(float(str(line["epsilon"])) for line in ledger.lines("raw/crm/people")) == pytest.approx(1)


@pytest.mark.parametrize(("epsilon", "delta"), [(1.1, 0), (0.5, 2e-6), (0, 0), (-1, 0), (float("nan"), 0), (0.1, -1)])
def test_what_is_not_there_is_not_given(tmp_path: Path, epsilon: float, delta: float) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/vault.db")
    with pytest.raises(ProtectionError):
        ledger.spend("d", OF, epsilon, delta, "ann", "too much")
    assert ledger.left("d", OF).epsilon == 0 and not ledger.lines("d")


WORKER = """
import sys
from assets.security.privacy.budget import Budget, Ledger
from assets.security.protect.errors import ProtectionError
ledger, got = Ledger(sys.argv[1]), 0
for _ in range(60):
    try:
        ledger.spend("d", Budget(epsilon=1.0), 0.013, 0, "w", "q")
        got += 1
    except ProtectionError:
        pass
print(got)
"""


def test_processes_together_do_not_overspend(url: str) -> None:
    Ledger(url)
    each = [subprocess.Popen([sys.executable, "-c", WORKER, url], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    got = [int(process.communicate(timeout=60)[0]) for process in each]
    assert sum(got) == 76  # 76 * 0.013 = 0.988
    assert Ledger(url).left("d", Budget(epsilon=1.0)).epsilon == pytest.approx(0.988)


WRONG = [
    ("datasets: [a", "cannot be read: line 1 is no YAML"),
    ("datasets: [a]", "datasets: it is no mapping"),
    ("- a", "is no mapping"),
    ("datasets: {d: {epsilon: 1, unit: 2024-13-45}}", "cannot be read: it holds a day"),
    ("datasets: {d: {epsilon: 0}}", "datasets.d: field epsilon"),
    ("datasets: {d: {epsilon: 1, deltas: 1}}", "datasets.d: field deltas"),
    ("datasets: {d: {epsilon: 1, contributions: 0}}", "datasets.d: field contributions"),
]


@pytest.mark.parametrize(("text", "what"), WRONG)
def test_mistakes_in_the_file_are_told(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "privacy.yaml").write_text(text)
    with pytest.raises(ProtectionError, match=what):
        budgets(tmp_path)


def test_without_a_budget_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(ProtectionError, match="d has no privacy budget"):
        budget(tmp_path, "d")
