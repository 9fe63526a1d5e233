"""k, l and t of tables of which they are known, and suggestions that reach what is asked."""

import math

import numpy as np
import polars as pl
import pytest

from assets.security.privacy.anonymity import measure
from assets.security.privacy.suggest import suggest
from assets.security.protect.base import Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.policy import Use

# Li, Li and Venkatasubramanian 2007, tables 4 and 5: 3-diverse, with the distances that the paper gives
SALARIES = pl.DataFrame(
    {
        "zip": ["4767*"] * 3 + ["4790*"] * 3 + ["4760*"] * 3,
        "salary": [3, 5, 9, 6, 11, 8, 4, 7, 10],
        "disease": list("ugpgfbgbc"),  # ulcer, gastritis, pneumonia, flu, bronchitis, cancer
    }
)


def test_a_table_of_the_literature() -> None:
    found = measure(SALARIES.lazy(), ["zip"], ["salary", "disease"], wanted=4)
    assert (found.rows, found.groups, found.k, found.at_risk, found.share) == (9, 3, 3, 9, 1.0)
    salary = found.diversity["salary"]
    assert (
        salary.distinct == 3
        and salary.entropy == pytest.approx(3)
        and salary.closeness == pytest.approx(0.167, abs=1e-3)
    )
    first = SALARIES.with_columns(salary=pl.Series([3, 4, 5, 6, 11, 8, 7, 9, 10]))
    # the paper's first example: {3k, 4k, 5k} is .375 away
    assert measure(first.lazy(), ["zip"], ["salary"]).diversity["salary"].closeness == pytest.approx(0.375)


def test_against_counting_by_hand() -> None:
    r = np.random.default_rng(5)
    frame = pl.DataFrame(
        {"a": r.integers(0, 4, 400), "b": r.choice([None, "x", "y"], 400), "s": r.choice(list("pqr"), 400)}
    )
    found = measure(frame.lazy(), ["a", "b"], ["s"], wanted=30)
    sizes: dict[tuple[object, object], list[str]] = {}
    for a, b, s in frame.rows():
        sizes.setdefault((a, b), []).append(s)
    assert found.k == min(map(len, sizes.values())) and found.groups == len(sizes)
    assert found.at_risk == sum(len(v) for v in sizes.values() if len(v) < 30)
    whole = {s: (frame["s"] == s).mean() for s in "pqr"}

    def far(group: list[str]) -> float:
        return sum(abs(group.count(s) / len(group) - float(whole[s] or 0)) for s in "pqr") / 2  # type: ignore[arg-type]

    def entropy(group: list[str]) -> float:
        shares = [group.count(s) / len(group) for s in set(group)]
        return math.exp(-sum(p * math.log(p) for p in shares))

    assert found.diversity["s"].closeness == pytest.approx(max(map(far, sizes.values())))
    assert found.diversity["s"].entropy == pytest.approx(min(map(entropy, sizes.values())))


def test_mistakes() -> None:
    for quasi, sensitive in (([], []), (["nope"], []), (["zip"], ["zip"])):
        with pytest.raises(ProtectionError):
            measure(SALARIES.lazy(), quasi, sensitive)


def test_suggestions_reach_k_with_rules_of_a_policy() -> None:
    r = np.random.default_rng(6)
    n = 3_000
    frame = pl.DataFrame(
        {
            "zip": [f"{v:05d}" for v in r.integers(10_000, 10_300, n)],
            "age": r.integers(18, 90, n),
            "sex": r.choice(["m", "f"], n),
        }
    )
    quasi = ["zip", "age", "sex"]
    before = measure(frame.lazy(), quasi)
    found = suggest(frame.lazy(), quasi, wanted=5, left=0.02)
    assert before.k == 1 and found.at_risk <= 0.02 * n < before.at_risk
    assert "sex" not in found.uses and found.groups > 1
    done = frame
    for column, use in found.uses.items():
        assert isinstance(use, Use)
        made = use.how.protect(frame[column], use.read(column), Scope("test", column))
        done = done.with_columns(made.alias(column))
    after = measure(done.lazy(), quasi)
    assert (after.k, after.at_risk, after.groups) == (found.k, found.at_risk, found.groups)
    assert "method: generalise" in found.yaml("raw/crm/people")
    assert suggest(done.lazy(), ["sex"]).uses == {}
