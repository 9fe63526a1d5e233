"""Names to words, and likeness of words."""

import pytest

from assets.catalog.relations import names


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tblCustomerIDs", ("tbl", "customer", "ids")),
        ("studentid", ("student", "id")),
        ("valid", ("valid",)),
        ("HTTPStatusCode2", ("http", "status", "code", "2")),
        ("campuses", ("campus",)),
        ("houses", ("house",)),
        ("cities", ("city",)),
        ("客户编号", ("客户", "编号")),
    ],
)
def test_tokens(name: str, words: tuple[str, ...]) -> None:
    assert names.tokens(name) == words


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("cust", "customer", True),
        ("mgr", "manager", True),
        ("dept", "department", True),
        ("adress", "address", True),
        ("cat", "contact", False),
        ("order", "border", False),
        ("state", "station", False),
        ("2023", "2024", False),
    ],
)
def test_alike(a: str, b: str, same: bool) -> None:
    assert (names.alike(a, b) >= 0.7) is same


def test_roles_and_glued_names() -> None:
    assert names.similarity(("orderitem",), ("order", "item")) == 1.0
    assert names.share(("city",), ("host", "city")) == 1.0
    assert names.subject("sales.dim_customers") == ("customer",)
