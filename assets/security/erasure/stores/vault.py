"""The token vault: what stands for the person's identifiers can be opened no more."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assets.security.erasure.model import WHOLE, Found, Subject
from assets.security.erasure.stores.databases import told

if TYPE_CHECKING:
    from assets.security.protect.keys import Keyring
    from assets.security.protect.vault import Vault


class TokenVault:
    """The vault of HEDDLE_VAULT, looked through with all keys that are configured."""

    name = "vault"

    def __init__(self, vault: "Vault", ring: "Keyring") -> None:
        self.vault, self.ring = vault, ring

    def find(self, subject: Subject) -> Iterator[Found]:
        """See Store."""
        counts: dict[str, int] = {}
        for purpose, domain, _ in self._tokens(subject):
            counts[f"{purpose}/{domain}"] = counts.get(f"{purpose}/{domain}", 0) + 1
        yield from (Found(self.name, place, ("token",), WHOLE, count) for place, count in counts.items())

    def records(self, subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
        """See Store."""
        for purpose, domain, _ in self._tokens(subject):
            yield f"{purpose}/{domain}", {"token": "kept"}

    def erase(self, subject: Subject) -> None:
        """See Store."""
        from sqlalchemy import delete

        lookups = [lookup for _, _, lookup in self._tokens(subject)]
        t = self.vault.tables.TOKENS
        with told(self.name), self.vault.engine.execution_options(writes=True).begin() as connection:
            connection.execute(delete(t).where(t.c.lookup.in_(lookups)))

    def _tokens(self, subject: Subject) -> list[tuple[str, str, bytes]]:
        from sqlalchemy import select

        from assets.security.protect.base import Scope
        from assets.security.protect.vault import lookups_of

        t = self.vault.tables.TOKENS
        found = []
        values = list(subject.needles.values)
        with told(self.name), self.vault.engine.connect() as connection:
            scopes = connection.execute(select(t.c.purpose, t.c.domain).distinct()).fetchall()
            for purpose, domain in scopes:
                scope = Scope(purpose, domain, keys=self.ring)
                lookups = [one for name in self.ring.names() for one in lookups_of(values, scope, name)]
                held = connection.execute(select(t.c.lookup).where(t.c.lookup.in_(lookups))).scalars()
                found += [(purpose, domain, bytes(lookup)) for lookup in held]
        return found
