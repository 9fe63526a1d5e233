"""A small shop, made here: two sources, keys that nothing declares, and traps."""

import numpy as np
import polars as pl


def frames() -> dict[str, dict[str, pl.DataFrame]]:
    """Source -> table -> rows. `erp` holds the shop; `crm` names the same customers in its own way."""
    rng = np.random.default_rng(11)
    clients = [f"C{n * 37 % 9973:05d}" for n in range(1, 301)]
    customers = pl.DataFrame(
        {
            "customer_id": range(1, 301),
            "customer_no": clients,
            "city": rng.choice(["Berlin", "Lyon", "Porto", "Gdansk", "Turin", "Ghent", "Malmo", "Bergen"], 300),
        }
    )
    products = pl.DataFrame(
        {
            "ID": range(1, 61),
            "Title": [f"Thing {n}" for n in range(60)],
            "price": rng.normal(20, 4, 60).round(2),
        }
    )
    orders = pl.DataFrame(
        {
            "order_id": range(1, 1001),
            "cust_id": rng.integers(1, 301, 1000),
            "amount": rng.integers(1, 50, 1000),
        }
    )
    lines = pl.DataFrame({"order_id": np.repeat(range(1, 1001), 2), "line_no": [1, 2] * 1000}).with_columns(
        productId=pl.Series(rng.integers(1, 61, 2000)), quantity=pl.Series(rng.integers(1, 9, 2000))
    )
    returns = lines.sample(200, seed=3).select("order_id", "line_no").with_columns(reason=pl.lit("broken"))
    contacts = pl.DataFrame(
        {
            "ContactKey": [f"K-{n}" for n in range(400)],
            "custNo": rng.choice(clients, 400),
            "town": rng.choice(["Berlin", "Lyon", "Porto", "Gdansk", "Turin", "Ghent", "Malmo"], 400),
        }
    )
    letters = pl.DataFrame({"KUNDE": rng.choice(clients, 250), "pages": rng.integers(1, 4, 250)})  # no English name
    erp = {"customers": customers, "products": products, "orders": orders, "order_lines": lines, "returns": returns}
    return {"erp": erp, "crm": {"contacts": contacts, "letters": letters}}
