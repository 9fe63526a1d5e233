"""LDAP output: inserts, changes, deletes and renames entries of a directory."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import RowStep
from assets.kettle.errors import StepError
from assets.kettle.files.passwords import reveal
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Layout

CODE = "LDAPOutput001"
NOT_THERE = 32  # LDAP's result noSuchObject
Values = dict[str, str | None]  # attribute -> text of the row


class LdapOutput(RowStep):
    """One operation per row; the rows go on, those that the directory refuses go to the error hop.

    Empty values are left out of inserts and additions and delete the attribute in updates. What is done stays even
    where a later step fails: a directory is not part of the run's commit.
    """

    types = ("LDAPOutput",)

    def setup(self) -> None:
        """Reads the operation."""
        self.operations: dict[str, Callable[[str, Values], str]] = {
            "insert": self._insert,
            "upsert": self._upsert,
            "update": self._update,
            "add": self._add,
            "delete": self._delete,
            "rename": self._rename,
        }
        self.operation = self.options.text("operationType", default="insert").lower()
        if self.operation not in self.operations:
            raise StepError(self.name, f"there is no operation {self.operation!r}", "choose one that there is")
        self.separator = self.text("multivaluedseparator")
        self.must_exist = self.options.flag("failIfNotExist")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The named fields must be there; the layout stays."""
        layout = self.main(inputs)
        renames = self.operation == "rename"
        named = self.text("oldDnFieldName" if renames else "dnFieldName")
        self.dn = self.field(layout, named, "the field with the distinguished name")
        rows = [] if self.operation in ("delete", "rename") else self.options.rows("fields/field")
        self.attributes = [
            (self.resolve(o.text("name")), self.field(layout, self.resolve(o.text("field"))), o.flag("update"))
            for o in rows
        ]
        if renames:
            item = self.field(layout, self.text("newDnFieldName"), "the field with the new distinguished name")
            self.attributes = [("", item, True)]
        if not self.attributes and self.operation != "delete":
            raise StepError(self.name, "no attributes are given", "name attributes and their fields")
        return layout

    def start(self) -> None:
        """Binds."""
        try:
            self.library = importlib.import_module("ldap3")
        except ImportError as error:
            raise StepError(self.name, "needs the package ldap3", "install the extra `connectors`") from error
        self.failure = self.library.core.exceptions.LDAPException
        try:
            self.connection = self.connect()
        except self.failure as error:
            raise StepError(self.name, f"{self.text('host')}: {error}", "check server and user") from error

    def connect(self) -> Any:
        """A bound connection."""
        secure = self.text("protocol").upper() in ("LDAP SSL", "LDAP TLS")
        port = self.integer("port", default=389)
        server = self.library.Server(self.text("host"), port, use_ssl=secure, connect_timeout=15)
        login = self.options.flag("useauthentication")
        user, password = (self.text("username"), reveal(self.text("password"))) if login else (None, None)
        return self.library.Connection(server, user, password, auto_bind=True, auto_referrals=False)

    def close(self) -> None:
        """Unbinds."""
        connection = getattr(self, "connection", None)
        if connection is not None:
            connection.unbind()

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One operation per row, in their order."""
        names = to_text(frame[self.dn.name], self.dn)
        texts = [(name, to_text(frame[item.name], item)) for name, item, _ in self.attributes]
        work = self.operations[self.operation]
        failed: dict[int, str] = {}
        for position in range(frame.height):
            try:
                counter = work(names[position] or "", {name: column[position] for name, column in texts})
            except (StepError, self.failure) as error:
                failed[position] = error.reason if isinstance(error, StepError) else f"{names[position]}: {error}"
                continue
            if counter:
                self.count(**{counter: 1})
        self.count(input=frame.height)
        return frame.filter(self.split(frame, failed, code=CODE)) if failed else frame

    # -- operations; each gives the counter that it raises, "" for none

    def _insert(self, dn: str, values: Values) -> str:
        self._done(self.connection.add(dn, attributes=self._filled(values)), dn)
        return "output"

    def _upsert(self, dn: str, values: Values) -> str:
        if not self.connection.search(dn, "(objectClass=*)", search_scope=self.library.BASE, attributes=["1.1"]):
            return self._insert(dn, values)
        chosen = {name: values[name] for name, _, update in self.attributes if update}
        return self._modify(dn, self._filled(chosen), self.library.MODIFY_REPLACE) if chosen else ""

    def _update(self, dn: str, values: Values) -> str:
        changes: dict[str, list[str]] = {name: [text] if text else [] for name, text in values.items()}
        return self._modify(dn, changes, self.library.MODIFY_REPLACE)

    def _add(self, dn: str, values: Values) -> str:
        return self._modify(dn, self._filled(values), self.library.MODIFY_ADD)

    def _modify(self, dn: str, changes: dict[str, list[str]], way: str) -> str:
        if not changes:
            return ""
        done = self.connection.modify(dn, {name: [(way, values)] for name, values in changes.items()})
        return "updated" if self._done(done, dn, missing=not self.must_exist) else ""

    def _delete(self, dn: str, values: Values) -> str:
        return "updated" if self._done(self.connection.delete(dn), dn, missing=not self.must_exist) else ""

    def _rename(self, dn: str, values: Values) -> str:
        parts = importlib.import_module("ldap3.utils.dn").to_dn
        first, *above = parts(values[""] or "")
        stays = [p.lower() for p in above] == [p.lower() for p in parts(dn)[1:]]
        moved = {} if stays or not above else {"new_superior": ",".join(above)}
        keep = self.options.flag("deleteRDN", default=True)
        self._done(self.connection.modify_dn(dn, first, delete_old_dn=keep, **moved), dn)
        return "output"

    def _filled(self, values: Values) -> dict[str, list[str]]:
        """Attributes that have a value, several values taken apart."""
        found = {name: text.strip() for name, text in values.items() if text and text.strip()}
        apart = self.separator
        return {name: text.split(apart) if apart and apart in text[1:] else [text] for name, text in found.items()}

    def _done(self, done: bool, dn: str, *, missing: bool = False) -> bool:
        """Whether it was done; False where the entry is missing and may be. Raises StepError for all else."""
        if done:
            return True
        answer = self.connection.result
        if missing and answer.get("result") == NOT_THERE:
            return False
        what = answer.get("message") or answer.get("description") or "refused"
        raise StepError(self.name, f"{self.operation} {dn!r}: {what}", "correct the row")
