"""What a step says of the outside."""

from assets.kettle.engine.step import DataSet, Ref


def test_passwords_in_addresses_are_not_told() -> None:
    address = "sftp://me:planted@host/a.csv"
    assert DataSet("file", "", address, {}).name == "sftp://me:***@host/a.csv"
    assert Ref("a", dataset=address).dataset == "sftp://me:***@host/a.csv"
    assert Ref("a", dataset="dwh:shop.sales").dataset == "dwh:shop.sales"
