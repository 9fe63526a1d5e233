"""Names that are nearly right are found, whatever their case."""

from core.near import near


def test_nearest_names_first() -> None:
    assert near("Custmer_ID", ["city", "customer_id"]) == "did you mean customer_id? there are: city, customer_id"
    assert near("客户名", ["客户名称", "x"]).startswith("did you mean 客户名称? ")
    assert near("zzz", ["a", "b"]) == "there are: a, b" and near("a", []) == "there are: none"
    many = near("zzz", (f"c{n}" for n in range(1_000)))
    assert many.endswith("c29, … (1,000 in all)")
