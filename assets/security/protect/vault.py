"""The vault: which token stands for which value. Values are sealed with AES-256-GCM and found by a keyed hash.

Whoever reads its tables learns how many values there are and which purpose and domain they are of, nothing else. Two
processes that meet the same new value agree on one token: the primary key decides, and both read what is there.
"""

import base64
import hmac
import secrets
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from assets.security.protect.base import Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.keys import SETTING, Keyring
from assets.security.protect.methods.encrypt import decrypted, encrypted
from assets.security.protect.vault_database import VaultDatabase, now

if TYPE_CHECKING:
    from sqlalchemy import Connection

BATCH = 10_000  # rows that are sealed anew at once
MANY = 500  # parameters of one statement
_RANDOM = 16  # bytes of a token


class Vault(VaultDatabase):
    """Tokens, which keys protect, and who opened values."""

    def compare(self, ring: Keyring) -> None:
        """Makes sure that each key is the one that has protected under its name.

        Another one would give all values anew, and nothing of what is there could be joined or opened.

        Raises:
            ProtectionError: a key is another one.
        """
        with self.engine.connect() as connection:
            self._compare(connection, ring)

    def pin(self, ring: Keyring) -> None:
        """Keeps check values of keys that are new here, before they protect. Raises as `compare`."""
        with self.writing() as connection:
            known = self._compare(connection, ring)
            new = [name for name in ring.names() if name not in known]
            rows = [{"name": name, "check_value": ring.check_value(name), "at": now()} for name in new]
            if rows and self.add_new(connection, self.tables.KEYS, rows) != len(rows):
                self._compare(connection, ring)  # another process was quicker, maybe with another key

    def _compare(self, connection: "Connection", ring: Keyring) -> dict[str, str]:
        """The check values that are kept, of those that are asked about."""
        from sqlalchemy import select

        k = self.tables.KEYS
        query = select(k.c.name, k.c.check_value).where(k.c.name.in_(ring.names()))
        known = {row[0]: row[1] for row in connection.execute(query)}
        for name in ring.names():
            kept = known.get(name, "")
            if kept != ring.check_value(name) if kept else not self._opens(connection, name, ring):
                said = f" (its check value is {kept})" if kept else ""
                what = f"{SETTING} has another key {name!r} than the one that protected values under this name{said}"
                raise ProtectionError(what, "give that one; a new key goes before it, under a name of its own")
        return known

    def _opens(self, connection: "Connection", name: str, ring: Keyring) -> bool:
        """Whether a key opens what a vault without its check value holds under its name."""
        from sqlalchemy import select

        t = self.tables.TOKENS
        query = select(t.c.sealed, t.c.purpose, t.c.domain).where(t.c.key == name).limit(1)
        row = connection.execute(query).first()
        if row is not None:
            try:
                decrypted([row.sealed], Scope(row.purpose, row.domain, keys=ring))
            except ProtectionError:
                return False
        return True

    def tokens(self, texts: Sequence[str], scope: Scope, prefix: str = "tok_") -> list[str]:
        """The token of each text, made where there is none; all in one transaction."""
        ring = scope.ring()
        with self.writing() as connection:
            found: dict[str, str] = {}
            for name in ring.names():  # what an older key found keeps its token, also before `rotate`
                left = [t for t in texts if t not in found]
                lookups = dict(zip(lookups_of(left, scope, name), left, strict=True))
                found |= {lookups[lookup]: token for lookup, token in self._known(connection, list(lookups))}
            new = [t for t in texts if t not in found]
            if new:
                made = self._add(connection, new, scope, prefix)
                if made is None:  # another process was quicker with some of them
                    lookups = dict(zip(lookups_of(new, scope, ring.current), new, strict=True))
                    made = {lookups[lookup]: token for lookup, token in self._known(connection, list(lookups))}
                found |= made
        return [found[text] for text in texts]

    def values(self, tokens: Sequence[str], ring: Keyring) -> list[str]:
        """The texts that tokens stand for.

        Raises:
            ProtectionError: a token is not in the vault, or the key is another one.
        """
        from sqlalchemy import select

        t = self.tables.TOKENS
        sealed: dict[str, tuple[str, str, str]] = {}
        with self.engine.connect() as connection:
            for part in _parts(list(tokens)):
                query = select(t.c.token, t.c.sealed, t.c.purpose, t.c.domain).where(t.c.token.in_(part))
                sealed |= {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
        missing = len(set(tokens) - set(sealed))
        if missing:
            raise ProtectionError(
                f"{missing} of {len(tokens)} texts are no tokens of this vault", "look at HEDDLE_VAULT"
            )
        purposes = {(purpose, domain) for _, purpose, domain in sealed.values()}
        opened: dict[str, str] = {}
        for purpose, domain in purposes:
            mine = [token for token, held in sealed.items() if held[1:] == (purpose, domain)]
            scope = Scope(purpose, domain, keys=ring)
            opened |= dict(zip(mine, decrypted([sealed[token][0] for token in mine], scope), strict=True))
        return [opened[token] for token in tokens]

    def purposes(self, tokens: Sequence[str]) -> set[str]:
        """The purposes of tokens, which decide who may open them."""
        from sqlalchemy import select

        t = self.tables.TOKENS
        found: set[str] = set()
        with self.engine.connect() as connection:
            for part in _parts(list(tokens)):
                found |= set(connection.execute(select(t.c.purpose).where(t.c.token.in_(part)).distinct()).scalars())
        return found

    def rotate(self, ring: Keyring) -> int:
        """Seals anew, with the current key, what an older one sealed; tokens stay. All or nothing; returns how many."""
        count = 0
        with self.writing() as connection:
            self._alone(connection)
            while done := self._rotate_some(connection, ring):
                count += done
        return count

    def _rotate_some(self, connection: "Connection", ring: Keyring) -> int:
        from sqlalchemy import select, update

        t = self.tables.TOKENS
        query = select(t.c.token, t.c.sealed, t.c.purpose, t.c.domain).where(t.c.key != ring.current).limit(BATCH)
        rows = connection.execute(query).all()
        for purpose, domain in sorted({(r.purpose, r.domain) for r in rows}):
            mine = [r for r in rows if (r.purpose, r.domain) == (purpose, domain)]
            scope = Scope(purpose, domain, keys=ring)
            texts = decrypted([r.sealed for r in mine], scope)
            lookups = lookups_of(texts, scope, ring.current)
            taken = {lookup for lookup, _ in self._known(connection, lookups)}
            for row, sealed, lookup in zip(mine, encrypted(texts, scope), lookups, strict=True):
                # a process with the old key alone gave a value a second token: it opens, and is not given again
                found = lookup if lookup not in taken else secrets.token_bytes(32)
                taken.add(lookup)
                changed = {"sealed": sealed, "lookup": found, "key": ring.current}
                connection.execute(update(t).where(t.c.token == row.token).values(changed))
        return len(rows)

    def counts(self) -> dict[tuple[str, str, str], int]:
        """(purpose, domain, key) -> how many tokens there are."""
        from sqlalchemy import func, select

        t = self.tables.TOKENS
        query = select(t.c.purpose, t.c.domain, t.c.key, func.count()).group_by(t.c.purpose, t.c.domain, t.c.key)
        with self.engine.connect() as connection:
            return {(row[0], row[1], row[2]): int(row[3]) for row in connection.execute(query)}

    def log(self, who: str, why: str, purpose: str, values: int, *, allowed: bool) -> None:
        """Records that somebody opened values, or was refused."""
        line = {"at": now(), "who": who[:256], "why": why[:1024], "purpose": purpose, "values": values}
        with self.writing() as connection:
            connection.execute(self.tables.OPENED.insert().values({**line, "allowed": int(allowed)}))

    def opened(self) -> list[Mapping[str, Any]]:
        """Who opened values, or was refused, oldest first."""
        from sqlalchemy import select

        o = self.tables.OPENED
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(select(o).order_by(o.c.id)).mappings()]

    def _known(self, connection: "Connection", lookups: list[bytes]) -> Iterator[tuple[bytes, str]]:
        from sqlalchemy import select

        t = self.tables.TOKENS
        for part in _parts(lookups):
            for row in connection.execute(select(t.c.lookup, t.c.token).where(t.c.lookup.in_(part))):
                yield bytes(row[0]), row[1]

    def _add(self, connection: "Connection", texts: list[str], scope: Scope, prefix: str) -> dict[str, str] | None:
        """Text -> its new token; None where it is not sure that all of them were new."""
        key, at = scope.ring().current, now()
        lookups, sealed = lookups_of(texts, scope, key), encrypted(texts, scope)
        rows: list[dict[str, Any]] = [
            {"lookup": lookup, "token": _random(prefix), "purpose": scope.purpose, "domain": scope.domain}
            | {"key": key, "sealed": text, "at": at}
            for lookup, text in zip(lookups, sealed, strict=True)
        ]
        # sorted: two writers in one order make no deadlock
        if self.add_new(connection, self.tables.TOKENS, sorted(rows, key=itemgetter("lookup"))) != len(rows):
            return None
        return {text: row["token"] for text, row in zip(texts, rows, strict=True)}

    def _alone(self, connection: "Connection") -> None:
        if self.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("lock table vault_tokens in exclusive mode")


def lookups_of(texts: Sequence[str], scope: Scope, key: str) -> list[bytes]:
    """Under what the tokens of texts are kept: a keyed digest of each, by the key of this name."""
    secret, digest = scope.key("token lookup", name=key), hmac.digest
    return [digest(secret, text.encode(), "sha256") for text in texts]


def _random(prefix: str) -> str:
    return prefix + base64.b32encode(secrets.token_bytes(_RANDOM)).decode().rstrip("=").lower()


def _parts(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), MANY):
        yield values[start : start + MANY]
