"""Privacy budgets: how much may be told of a data set, declared in git, and what was spent, in the vault's database.

`<protection>/privacy.yaml` declares them. What is spent adds up (sequential composition: the epsilons and the deltas of
all answers about a data set); it is taken before the answer is computed, in one transaction that locks the data set's
line, so that no two processes together can take more than there is. Amounts are whole billionths of epsilon and
10^-18 of delta, rounded up.
"""

import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from assets.catalog.model import Value
from assets.documents import shaped
from assets.security.protect.errors import ProtectionError
from assets.security.protect.vault_database import VaultDatabase, now
from assets.security.protect.yaml_files import read_mapping

if TYPE_CHECKING:
    from sqlalchemy import Connection

FILE = "privacy.yaml"
EPSILON, DELTA = 10**9, 10**18  # parts of one


class Budget(Value):
    """What may be spent on a data set.

    Attributes:
        unit: column that names the person; where it is "" each row is one.
        contributions: rows of a person that count; others are left out.
    """

    epsilon: float = Field(gt=0, le=100)
    delta: float = Field(default=0.0, ge=0, lt=0.01)
    unit: str = ""
    contributions: int = Field(default=1, ge=1, le=1_000_000)


class Spent(NamedTuple):
    """What is gone, and what is left."""

    epsilon: float
    delta: float
    epsilon_left: float
    delta_left: float


def budgets(folder: Path) -> dict[str, Budget]:
    """Data set (asset key or file) -> its budget; none where there is no file.

    Raises:
        ProtectionError: naming file, data set and field.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    datasets = read_mapping(path).get("datasets") or {}
    if not isinstance(datasets, dict):
        raise ProtectionError(
            f"{path}, datasets: it is no mapping", "write `datasets: {raw/crm/customers: {epsilon: 3}}`"
        )
    return {
        str(name): shaped(one, Budget, f"{path}, datasets.{name}", refusal=ProtectionError)
        for name, one in datasets.items()
    }


def budget(folder: Path, dataset: str) -> Budget:
    """The budget of a data set. Raises ProtectionError where none is declared."""
    found = budgets(folder)
    if dataset not in found:
        raise ProtectionError(f"{dataset} has no privacy budget", f"declare it in {folder / FILE} under `datasets`")
    return found[dataset]


class Ledger(VaultDatabase):
    """What was spent, by data set."""

    def spend(self, dataset: str, of: Budget, epsilon: float, delta: float, who: str, what: str) -> Spent:
        """Takes an amount, or nothing.

        Raises:
            ProtectionError: it is not there any more; says what was asked for and what is left.
        """
        asked = (_parts(epsilon, EPSILON), _parts(delta, DELTA))
        if asked[0] <= 0 or asked[1] < 0:
            raise ProtectionError(f"epsilon {epsilon}, delta {delta} are no amounts", "give an epsilon over 0")
        limit = (_floor(of.epsilon, EPSILON), _floor(of.delta, DELTA))
        t = self.tables
        with self.writing() as connection:
            before = self._locked(connection, dataset)
            after = (before[0] + asked[0], before[1] + asked[1])
            if after[0] > limit[0] or after[1] > limit[1]:
                left = _spent(before, limit)
                raise ProtectionError(
                    f"the privacy budget of {dataset} does not allow epsilon {epsilon:g}, delta {delta:g}: "
                    f"epsilon {left.epsilon_left:.9g} of {of.epsilon:g} and delta {left.delta_left:.3g} are left",
                    "ask for less, or for nothing more: a spent budget does not come back",
                )
            line = {"epsilon": after[0], "delta": after[1]}
            connection.execute(t.BUDGETS.update().where(t.BUDGETS.c.dataset == dataset).values(line))
            row = {"dataset": dataset, "at": now(), "who": who[:256], "what": what[:1024]}
            connection.execute(t.SPENT.insert().values({**row, "epsilon": asked[0], "delta": asked[1]}))
        return _spent(after, limit)

    def left(self, dataset: str, of: Budget) -> Spent:
        """What is gone and what is left."""
        from sqlalchemy import select

        b = self.tables.BUDGETS
        with self.engine.connect() as connection:
            row = connection.execute(select(b.c.epsilon, b.c.delta).where(b.c.dataset == dataset)).first()
        return _spent((row[0], row[1]) if row else (0, 0), (_floor(of.epsilon, EPSILON), _floor(of.delta, DELTA)))

    def lines(self, dataset: str) -> list[dict[str, object]]:
        """What was asked, by whom and for how much, oldest first."""
        from sqlalchemy import select

        s = self.tables.SPENT
        query = select(s.c.at, s.c.who, s.c.what, s.c.epsilon, s.c.delta).where(s.c.dataset == dataset).order_by(s.c.id)
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [dict(r) | {"epsilon": r["epsilon"] / EPSILON, "delta": r["delta"] / DELTA} for r in rows]

    def _locked(self, connection: "Connection", dataset: str) -> tuple[int, int]:
        from sqlalchemy import select

        b = self.tables.BUDGETS
        self.add_new(connection, b, [{"dataset": dataset, "epsilon": 0, "delta": 0}])
        query = select(b.c.epsilon, b.c.delta).where(b.c.dataset == dataset).with_for_update()
        row = connection.execute(query).one()
        return int(row[0]), int(row[1])


def _parts(amount: float, parts: int) -> int:
    if not math.isfinite(amount):
        raise ProtectionError(f"{amount} is no amount", "give a number")
    return math.ceil(Fraction(repr(amount)) * parts)


def _floor(amount: float, parts: int) -> int:
    return math.floor(Fraction(repr(amount)) * parts)


def _spent(gone: tuple[int, int], limit: tuple[int, int]) -> Spent:
    left = (max(0, limit[0] - gone[0]), max(0, limit[1] - gone[1]))
    return Spent(gone[0] / EPSILON, gone[1] / DELTA, left[0] / EPSILON, left[1] / DELTA)
