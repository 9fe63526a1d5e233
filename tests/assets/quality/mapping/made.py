"""Two tables about the same customers, in the words of an old and of a new system."""

import datetime as dt
import random
from typing import Any

import polars as pl

from assets.quality.mapping.model import Mapping_

FIRST = ["Ann", "Bob", "Carla", "Dmitri", "Eve", "Farid", "Greta", "Hugo", "Ines", "Jun"]
LAST = ["Smith", "Jones", "Müller", "Ivanov", "Garcia", "Li", "Rossi", "Novak", "Silva", "Kim"]
PLACES = ["广东省深圳市南山区科技路1号", "浙江省杭州市西湖区文三路20号", "江苏省苏州市姑苏区干将路3号"]


def tables(count: int = 200, seed: int = 1, *, opaque: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of the source and of the target, in the same order; with `opaque` the source's columns are F00, F01, …"""
    pick = random.Random(seed)
    rows = [_row(pick, seed * 10_000 + n) for n in range(count)]
    source, target = (pl.DataFrame([row[side] for row in rows]) for side in (0, 1))
    if opaque:
        source = source.rename({name: f"F{n:02d}" for n, name in enumerate(source.columns)})
    return source, target.with_columns(pl.lit(None, pl.String).alias("fax"))


def _row(pick: random.Random, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    first, last, sex = pick.choice(FIRST), pick.choice(LAST), pick.choice([1, 1, 2])
    born = dt.date(1960, 1, 1) + dt.timedelta(days=pick.randrange(15_000))
    weight, price, count = round(pick.uniform(40, 110), 1), round(pick.uniform(5, 900), 2), pick.randrange(1, 20)
    area, phone = f"0{pick.randrange(10, 99)}", f"{pick.randrange(10**7, 10**8)}"
    seen = dt.datetime(2024, 1, 1) + dt.timedelta(minutes=pick.randrange(500_000))
    place, active, mail = pick.choice(PLACES), pick.choice("YN"), f"{first}.{last}@EXAMPLE.com"
    old = {
        "cust_no": f"C{number:06d}",
        "xb": sex,
        "first_name": first,
        "last_name": last,
        "birth": born.strftime("%d/%m/%Y"),
        "weight_kg": weight,
        "amount": f"{price * 100:,.2f}",
        "unit_price": price,
        "qty": count,
        "area_code": area,
        "phone": phone,
        "seen": seen.strftime("%Y-%m-%d %H:%M:%S"),
        "addr": place,
        "mail": mail,
        "active": active,
    }
    new = {
        "customer_number": f"c{number:06d}",
        "gender": {1: "男", 2: "女"}[sex],
        "full_name": f"{first} {last}",
        "birth_date": born,
        "weight_g": weight * 1000,
        "amount": round(price * 100, 2),
        "total": price * count,
        "telephone": f"{area}-{phone}",
        "seen_date": seen.strftime("%Y%m%d"),
        "seen_time": seen.strftime("%H:%M:%S"),
        "province": place[:3],
        "email": mail.lower(),
        "is_active": active == "Y",
        "country": "CN",
    }
    return old, new


def accepted(mapping: Mapping_, **changes: Any) -> Mapping_:
    """The mapping with all its fields accepted."""
    fields = tuple(f.model_copy(update={"status": "accepted"}) for f in mapping.fields)
    return mapping.model_copy(update={"fields": fields} | changes)
