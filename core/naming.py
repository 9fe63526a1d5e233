"""Names derived from asset keys: the only place that spells a table, path, model or route name."""

import re
from typing import NamedTuple, Self

from core.errors import HeddleError

LAYERS = ("raw", "table", "feature", "dataset", "model", "index", "endpoint", "report", "doc")
_PART = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Key(NamedTuple):
    """An asset key of three parts. `Key.parse("raw/retail/products")` reads one."""

    layer: str
    domain: str
    noun: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `layer/domain/noun`.

        Raises:
            HeddleError: it has not three parts, an unknown layer, or a part that is not lower_snake_case.
        """
        parts = text.split("/")
        if len(parts) != 3 or parts[0] not in LAYERS or not all(_PART.fullmatch(p) for p in parts):
            raise HeddleError(
                f"asset key {text!r} is not layer/domain/noun in lower_snake_case",
                f"use one of the layers {', '.join(LAYERS)}, for example raw/retail/products",
            )
        return cls(*parts)

    def __str__(self) -> str:
        return "/".join(self)


def asset_name(text: str) -> str:
    """An asset key as a field of a pydantic model. Raises ValueError where it is none."""
    try:
        return str(Key.parse(text))
    except HeddleError as error:
        raise ValueError(error.what) from None


class TableName(NamedTuple):
    """A table in the warehouse. Quote it with the warehouse's dialect before it goes into SQL."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def table_name(key: Key) -> TableName:
    """`table/retail/baskets` lives in `table_retail.baskets`."""
    return TableName(f"{key.layer}_{key.domain}", key.noun)


def table_key(table: TableName) -> Key:
    """The key whose table this is: the inverse of `table_name`. Raises HeddleError when no asset has such a table."""
    layer, _, domain = table.schema.partition("_")
    return Key.parse(f"{layer}/{domain}/{table.name}")


def model_name(key: Key) -> str:
    """The MLflow registered model and Open Inference Protocol model name: `retail_coupon_propensity`."""
    return f"{key.domain}_{key.noun}"


def object_prefix(key: Key) -> str:
    """The folder of a versioned artefact inside the object store: `model/retail/coupon_propensity`."""
    return str(key)


def index_name(key: Key) -> str:
    """The collection name of a search index: `retail_handbook`."""
    return f"{key.domain}_{key.noun}"
