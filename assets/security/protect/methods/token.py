"""token: a random text in the place of each value; the vault holds the value, sealed, and finds it by a keyed hash.

A token has nothing to do with its value: without the vault it leads nowhere, also with the key.
"""

import polars as pl
from pydantic import Field

from assets.security.protect.base import Params, Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.texts import each


class Token(Params):
    """Parameters of token."""

    prefix: str = Field(default="tok_", pattern=r"^[a-z0-9]{0,12}_?$")


class Method:
    """The same token for the same value of a purpose and domain."""

    keyed = hides = True
    keeps_form = False
    words = "tokenized"
    params: type[Params] = Token

    def protect(self, values: pl.Series, params: Token, scope: Scope) -> pl.Series:
        """Tokens; values that are new to the vault get one."""
        vault = scope.vault
        if vault is None:
            raise ProtectionError("token needs the vault", "look at HEDDLE_VAULT (`heddle config show`)")
        return each(values, lambda texts: vault.tokens(texts, scope, params.prefix))

    def reverse(self, values: pl.Series, params: Token, scope: Scope) -> pl.Series:
        """The values that the vault holds for tokens."""
        vault = scope.vault
        if vault is None:
            raise ProtectionError("token needs the vault", "look at HEDDLE_VAULT (`heddle config show`)")
        return each(values, lambda texts: vault.values(texts, scope.ring()))
