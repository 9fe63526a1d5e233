"""What a method of protection is: one file in `methods/`, with the class `Method`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict

from assets.documents import shaped
from assets.security.protect.errors import ProtectionError
from assets.security.protect.keys import Keyring

if TYPE_CHECKING:
    import polars as pl

    from assets.security.protect.vault import Vault


class Params(BaseModel):
    """Parameters of a method; an unknown one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def read(cls, given: dict[str, Any], where: str) -> Self:
        """The parameters, checked. Raises ProtectionError that names the place and the field."""
        return shaped(given, cls, where, refusal=ProtectionError)


@dataclass(frozen=True, slots=True)
class Scope:
    """In which a value is protected: values of one purpose and domain are protected alike, others unlinkably.

    Attributes:
        class_: the sensitive class of the column, "" where it has none; masks go by it.
        keys: None where no method needs any.
    """

    purpose: str
    domain: str
    class_: str = ""
    keys: Keyring | None = field(default=None, repr=False)
    vault: "Vault | None" = field(default=None, repr=False)

    def key(self, method: str, *, name: str = "") -> bytes:
        """The key of this method here. Raises ProtectionError where there are no keys."""
        return self.ring().derive(method, self.purpose, self.domain, name=name)

    def ring(self) -> Keyring:
        """The keys. Raises ProtectionError where there are none."""
        if self.keys is None:
            raise ProtectionError(f"domain {self.domain!r} needs a key", "set HEDDLE_PROTECTION_KEYS")
        return self.keys


class Method(Protocol):
    """Protects the values of a column.

    Attributes:
        keyed: needs a key, and the vault that knows it.
        keeps_form: what comes out looks like a value of its class, by intent.
        hides: no value comes out as it went in; where False, one may (the band 1000 of 1000).
        words: what happens, for lineage and people; one of them is known to the flow of tags.
    """

    keyed: bool
    keeps_form: bool
    hides: bool
    words: str
    params: type[Params]

    def protect(self, values: "pl.Series", params: Any, scope: Scope) -> "pl.Series":
        """The protected values, in their order and of the same length; null stays null.

        Raises:
            ProtectionError: values do not allow it; says how many, never which.
        """

    def reverse(self, values: "pl.Series", params: Any, scope: Scope) -> "pl.Series":
        """The values again, as texts. Raises ProtectionError: not reversible, wrong key, or changed since."""


class OneWay:
    """Shared by methods without a way back."""

    keyed = keeps_form = False
    hides = True

    def reverse(self, values: "pl.Series", params: Any, scope: Scope) -> "pl.Series":
        """There is no way back. Raises ProtectionError."""
        raise ProtectionError(f"{type(self).__module__.rpartition('.')[2]} has no way back", "ask the source")
