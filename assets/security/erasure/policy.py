"""`erasure.yaml` in the folder of protection: which tables are of persons, and what becomes of which table.

subjects:
  raw/crm/customer: {key: [id], identifiers: [phone, email, id_card]}
tables:
  table/shop/orders: {do: anonymise, columns: {customer_name: null, phone: ""}}
  raw/finance/invoices: {do: keep}     # the law wants them kept: told, untouched
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from assets.documents import loaded, shaped
from assets.security.erasure.model import Policy
from core.errors import SettingsError
from core.settings import Settings

FILE = "erasure.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _SubjectTable(_Strict):
    key: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


class _Table(_Strict):
    do: Literal["delete", "anonymise", "keep"]
    columns: dict[str, str | None] = {}


class _File(_Strict):
    subjects: dict[str, _SubjectTable] = {}
    tables: dict[str, _Table] = {}


def read(settings: Settings) -> Policy:
    """The policy; without a file every row that is the person's is deleted.

    Raises:
        SettingsError: it is malformed; names the field.
    """
    path = settings.protection / FILE
    if not path.exists():
        return Policy()
    said = shaped(
        loaded(path, SettingsError) or {}, _File, str(path), "correct the file (docs/trace.md)", SettingsError
    )
    return Policy(
        {name: (table.key, table.identifiers) for name, table in said.subjects.items()},
        {name: table.do for name, table in said.tables.items()},
        {name: table.columns for name, table in said.tables.items()},
    )
