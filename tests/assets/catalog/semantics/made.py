"""Columns made for the tests: nothing here comes from a data set."""

import random
import string
from collections.abc import Callable
from uuid import UUID

import polars as pl
from stdnum import luhn
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_97_10

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉玲华红玉萍鹏"
FIRST = ("James", "Mary", "Robert", "Linda", "David", "Susan", "Thomas", "Sarah", "Daniel", "Nancy", "Laura", "Kevin")
LAST = (
    "Smith",
    "Johnson",
    "Brown",
    "Jones",
    "Miller",
    "Davis",
    "Wilson",
    "Moore",
    "Taylor",
    "Clark",
    "Lewis",
    "Walker",
)


def _digits(r: random.Random, n: int) -> str:
    return "".join(r.choices(string.digits, k=n))


def id_card(r: random.Random) -> str:
    day = f"{r.randint(1955, 2004)}{r.randint(1, 12):02}{r.randint(1, 28):02}"
    body = r.choice(("110101", "310104", "440304", "510107")) + day + _digits(r, 3)
    return body + ric.calc_check_digit(body + "0")


def wrong_id_card(r: random.Random) -> str:
    good = id_card(r)
    return good[:-1] + r.choice([d for d in "0123456789X" if d != good[-1]])


def bank_card(r: random.Random) -> str:
    body = "622" + _digits(r, r.choice((13, 15)))
    return body + luhn.calc_check_digit(body)


def credit_uscc(r: random.Random) -> str:
    body = "91" + "310115" + "".join(r.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=9))
    return body + uscc.calc_check_digit(body)


def iban(r: random.Random) -> str:
    account = "".join(r.choices(string.ascii_uppercase, k=4)) + _digits(r, 14)
    return "GB" + mod_97_10.calc_check_digits(account + "GB") + account


MADE: dict[str, Callable[[random.Random], str]] = {
    "cn_mobile": lambda r: "1" + r.choice(("38", "39", "50", "77", "86", "99")) + _digits(r, 8),
    "cn_landline": lambda r: r.choice(("010", "021", "0755", "0571")) + "-" + r.choice("2368") + _digits(r, 7),
    "cn_id_card": id_card,
    "uscc": credit_uscc,
    "bank_card_cn": bank_card,
    "payment_card": lambda r: (b := "4" + _digits(r, 14)) + luhn.calc_check_digit(b),
    "iban": iban,
    "email": lambda r: f"{r.choice(FIRST).lower()}.{_digits(r, 2)}@example.{r.choice(('com', 'cn', 'org'))}",
    "url": lambda r: f"https://www.example.com/a/{_digits(r, 4)}?q={r.choice(LAST)}",
    "ip": lambda r: f"{r.randint(1, 223)}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}",
    "mac": lambda r: ":".join(f"{r.randint(0, 255):02x}" for _ in range(6)),
    "uuid": lambda r: str(UUID(int=r.getrandbits(128), version=4)),
    "person_name_zh": lambda r: r.choice(SURNAMES) + "".join(r.choices(GIVEN, k=r.choice((1, 2)))),
    "person_name_en": lambda r: f"{r.choice(FIRST)} {r.choice(LAST)}",
    "address_zh": lambda r: r.choice(("广东省深圳市南山区", "北京市朝阳区")) + f"科技路{r.randint(1, 300)}号",
    "address_en": lambda r: f"{r.randint(10, 9999)} {r.choice(LAST)} Street, Springfield, IL {_digits(r, 5)}",
    "plate_cn": lambda r: r.choice("京沪粤浙苏川") + r.choice("ABCDE") + _digits(r, 5),
    "cn_passport": lambda r: r.choice("EG") + _digits(r, 8),
    "us_ssn": lambda r: f"{r.randint(100, 665)}-{r.randint(10, 99)}-{r.randint(1000, 9999)}",
    "birth_date": lambda r: f"{r.randint(1948, 2003)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}",
    "date": lambda r: f"{r.randint(2021, 2024)}/{r.randint(1, 12)}/{r.randint(1, 28)}",
    "datetime": lambda r: f"2023-{r.randint(1, 12):02}-{r.randint(1, 28):02} {r.randint(0, 23):02}:41:07",
    "epoch": lambda r: str(r.randint(1_577_800_000_000, 1_700_000_000_000)),
    "percentage": lambda r: f"{r.randint(0, 1000) / 10}%",
    "money": lambda r: f"¥{r.randint(1, 9999)}.{_digits(r, 2)}",
    "quantity_unit": lambda r: f"{r.randint(1, 500)} kg",
    "country": lambda r: r.choice(("France", "Germany", "China", "Brazil", "Japan", "Kenya", "法国", "德国")),
    "cn_city": lambda r: r.choice(("杭州", "深圳市", "成都", "武汉", "西安市", "南京", "青岛")),
    "cn_province": lambda r: r.choice(("浙江省", "广东", "四川省", "湖北", "山东省", "云南")),
    "gender": lambda r: r.choice("男女"),
    "weekday": lambda r: r.choice(("Monday", "Tue", "星期三", "周四")),
    "status": lambda r: r.choice(("待审核", "已完成", "已取消")),
    "company_zh": lambda r: "".join(r.choices(GIVEN, k=3)) + r.choice(("科技有限公司", "贸易有限公司", "集团")),
    "currency": lambda r: r.choice(("CNY", "USD", "EUR")),
    "file_path": lambda r: f"/var/log/app/{r.choice(LAST).lower()}/{_digits(r, 3)}.log",
    "version": lambda r: f"v{r.randint(0, 9)}.{r.randint(0, 20)}.{r.randint(0, 9)}",
    "coordinates": lambda r: f"{r.uniform(73, 135):.6f},{r.uniform(18, 53):.6f}",
    "hash": lambda r: f"{r.getrandbits(256):064x}",
    "colour": lambda r: f"#{r.getrandbits(24):06X}",
    "text_with_personal_data": lambda r: f"客户来电，请于明天下午回复，电话1{r.choice('38')}{_digits(r, 9)}，谢谢。",
    "free_text": lambda r: f"The parcel arrived {r.choice(('late', 'early'))} and the {r.choice(LAST)} box was wet.",
}  # fmt: skip


def column(type_: str, rows: int = 80, seed: int = 0) -> pl.Series:
    """A text column of the type with some nulls."""
    r = random.Random(f"{type_}{seed}")
    return pl.Series([None if r.random() < 0.05 else MADE[type_](r) for _ in range(rows)], dtype=pl.String)
