"""Superset's data sets follow tables, through its REST API; docs/bi.md says what is sent."""

import json
from collections.abc import Sequence
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from core.errors import BiError, SettingsError
from core.hashing import digest
from core.schema import DataSet, Synced
from resources.secrets import resolve
from resources.superset_session import TIMEOUT, Session

EXAMPLE = "use superset+https://USER@HOST/?database=NAME, NAME being the warehouse's name in Superset"
OURS = "heddle"  # name in a data set's `extra` under which is kept what was synchronised
PAGE = 100
Item = dict[str, Any]


class Superset:
    """See ports.BusinessIntelligence.

    Args:
        base: address without a slash at its end.
        database: Superset's name of the database in which the tables are.
        password: reference to the user's password: `env:NAME` or `file:/path`.
    """

    def __init__(
        self, base: str, user: str, database: str, password: str, provider: str = "db", timeout: float = TIMEOUT
    ) -> None:
        self.base, self.user, self.database, self.provider, self.timeout = base, user, database, provider, timeout
        self._password = password

    @classmethod
    def from_url(cls, url: str, password: str) -> Self:
        """Opens `superset+https://USER@HOST[:PORT][/PATH]?database=NAME[&provider=ldap]`.

        Raises:
            SettingsError: the URL lacks a part, or holds the password itself.
        """
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.password is not None:
            raise SettingsError("HEDDLE_BI holds a password", "put it where HEDDLE_BI_PASSWORD says, not into the URL")
        lacking = [
            n for n, v in (("USER", parts.username), ("HOST", parts.hostname), ("?database=NAME", query)) if not v
        ]
        unknown = set(query) - {"database", "provider"}
        if lacking or unknown or not query.get("database"):
            raise SettingsError(
                f"HEDDLE_BI lacks or has wrong: {', '.join([*lacking, *unknown]) or 'database'}", EXAMPLE
            )
        base = f"{parts.scheme.removeprefix('superset+')}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        return cls(base, unquote(parts.username or ""), query["database"], password, query.get("provider", "db"))

    def sync(self, wanted: DataSet) -> Synced:
        """See ports.BusinessIntelligence."""
        password = resolve(self._password, "HEDDLE_BI_PASSWORD")
        with Session(self.base, self.user, password, self.provider, self.timeout) as session:
            database = _database(session, wanted.database or self.database)
            found = _find(session, database, wanted)
            changes = [] if found is not None else ["created"]
            number = found if found is not None else _create(session, database, wanted)
            item = _item(session, number)
            if not changes and _outdated(item, wanted):
                session.put(f"/dataset/{number}/refresh")
                before, item = item, _item(session, number)
                changes += _told(before, item)
            _check_columns(item, wanted)
            body, words = _update(item, wanted)
            if body:
                session.put(f"/dataset/{number}", body)
        names = tuple(str(c["column_name"]) for c in item["columns"])
        url = f"{self.base}/explore/?datasource_type=table&datasource_id={number}"
        return Synced(number, url, names, (*changes, *words))


def _database(session: Session, name: str) -> int:
    query = {"filters": [{"col": "database_name", "opr": "eq", "value": name}], "page": 0, "page_size": PAGE}
    for row in session.get("/database/", query):
        if row["database_name"] == name:
            return int(row["id"])
    known = [str(row["database_name"]) for row in session.get("/database/", {"page": 0, "page_size": PAGE})]
    raise BiError(
        f"HEDDLE_BI: Superset at {session.host} shows its user no database called {name!r}",
        f"name one of these in HEDDLE_BI: {', '.join(sorted(known))}"
        if known
        else "add the warehouse to Superset's databases, or give the user in HEDDLE_BI a role that may see it",
    )


def _find(session: Session, database: int, wanted: DataSet) -> int | None:
    """The id of the table's data set."""
    filters: list[Item] = [
        {"col": "table_name", "opr": "eq", "value": wanted.name},
        {"col": "database", "opr": "rel_o_m", "value": database},
    ]
    if wanted.schema:
        filters.append({"col": "schema", "opr": "eq", "value": wanted.schema})
    rows = session.get("/dataset/", {"filters": filters, "page": 0, "page_size": PAGE})
    rows = [r for r in rows if r["table_name"] == wanted.name and (not wanted.schema or r["schema"] == wanted.schema)]
    if len(rows) > 1:
        numbers = ", ".join(str(r["id"]) for r in rows)
        raise BiError(
            f"Superset has several data sets of table {_named(wanted)}: {numbers}",
            "delete all but one of them in Superset, or name the table with its schema",
        )
    if rows and (rows[0].get("sql") or rows[0].get("kind") == "virtual"):
        raise BiError(
            f"Superset's data set {rows[0]['id']} called {_named(wanted)} is a query, not the table",
            "rename it in Superset, then run the asset again",
        )
    return int(rows[0]["id"]) if rows else None


def _create(session: Session, database: int, wanted: DataSet) -> int:
    """Superset reads the columns from the table by itself."""
    body = {"database": database, "table_name": wanted.name} | ({"schema": wanted.schema} if wanted.schema else {})
    answer = session.call("POST", "/dataset/", body=body)
    if answer.status_code in (409, 422):
        # somebody was faster, or it is a data set that this user may not see
        found = _find(session, database, wanted)
        if found is not None:
            return found
    return int(session.field(answer, "id"))


def _item(session: Session, number: int) -> Item:
    found: Item = session.get(f"/dataset/{number}")
    return found


def _outdated(item: Item, wanted: DataSet) -> bool:
    """Whether Superset has to look at the table again."""
    stamp = _extra(item).get(OURS, {}).get("columns")
    return stamp != _stamp(wanted) or {c.name.casefold() for c in wanted.columns} != set(_physical(item))


def _update(item: Item, wanted: DataSet) -> tuple[Item, list[str]]:
    """The body of the PUT that is needed, empty if none is, and what it does in words."""
    body: Item = {}
    words: list[str] = []
    if wanted.description and item.get("description") != wanted.description:
        body["description"] = wanted.description
        words.append("description")
    extra = _wanted_extra(_extra(item), wanted)
    if extra != _extra(item):
        body["extra"] = json.dumps(extra, sort_keys=True, ensure_ascii=False)
        words.append("owner and certification")
    described = _described(item, wanted)
    if described:
        # the PUT deletes columns that it does not list
        body["columns"] = [
            {"id": c["id"], "column_name": c["column_name"]}
            | ({"description": described[c["id"]]} if c["id"] in described else {})
            for c in item["columns"]
        ]
        names = sorted(str(c["column_name"]) for c in item["columns"] if c["id"] in described)
        words.append(f"columns described: {', '.join(names)}")
    return body | (_kept(item) if body else {}), words


def _kept(item: Item) -> Item:
    """What a PUT resets when it does not say it: the owners before Superset 4.1, the main time filter."""
    kept: Item = {}
    if isinstance(item.get("owners"), list):
        kept["owners"] = [owner["id"] for owner in item["owners"]]
    if isinstance(item.get("always_filter_main_dttm"), bool):
        kept["always_filter_main_dttm"] = item["always_filter_main_dttm"]
    return kept


def _described(item: Item, wanted: DataSet) -> dict[int, str]:
    """Column id -> description that it lacks; where the table says nothing, Superset's own stays."""
    texts = {c.name.casefold(): c.description for c in wanted.columns if c.description}
    found = {name: column for name, column in _physical(item).items() if name in texts}
    return {c["id"]: texts[name] for name, c in found.items() if c.get("description") != texts[name]}


def _wanted_extra(present: Item, wanted: DataSet) -> Item:
    ours = {"asset": wanted.source, "owner": wanted.owner, "columns": _stamp(wanted), "certified": wanted.certified}
    extra = present | {OURS: ours}
    if wanted.certified:
        extra["certification"] = {"certified_by": wanted.owner, "details": f"Made by asset {wanted.source}"}
    elif present.get(OURS, {}).get("certified"):
        extra.pop("certification", None)
    return extra


def _extra(item: Item) -> Item:
    try:
        read = json.loads(item.get("extra") or "{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _stamp(wanted: DataSet) -> str:
    return digest(f"{c.name} {c.type}" for c in wanted.columns)


def _physical(item: Item) -> dict[str, Item]:
    """Columns of the table, by name in lower case; those that people calculate in Superset left out."""
    return {str(c["column_name"]).casefold(): c for c in item["columns"] if not c.get("expression")}


def _told(before: Item, after: Item) -> list[str]:
    old, new = _physical(before), _physical(after)
    words = {
        "columns added": [n for n in new if n not in old],
        "columns removed": [n for n in old if n not in new],
        "column types changed": [n for n in new if n in old and new[n].get("type") != old[n].get("type")],
    }
    return [f"{what}: {', '.join(sorted(names))}" for what, names in words.items() if names]


def _check_columns(item: Item, wanted: DataSet) -> None:
    present = _physical(item)
    lacking: Sequence[str] = [c.name for c in wanted.columns if c.name.casefold() not in present]
    if lacking:
        raise BiError(
            f"table {_named(wanted)} as Superset sees it lacks columns {', '.join(lacking)}",
            "check that the database in HEDDLE_BI is the one in which the asset writes its table",
        )


def _named(wanted: DataSet) -> str:
    return f"{wanted.schema}.{wanted.name}" if wanted.schema else wanted.name
