"""Small sets of people with spelling errors and known truth, English and Chinese."""

import random

import numpy as np
import numpy.typing as npt
import polars as pl

GIVEN = ("anna", "bertha", "carlos", "dmitri", "eleanor", "frederik", "giovanna", "henrietta", "isabella", "jonathan")
FAMILY = ("archer", "bradley", "cartwright", "donaldson", "ellsworth", "fitzgerald", "greenwood", "hamilton", "ingram")
SURNAMES, NAMES = "王李张刘陈杨黄赵吴周", ("伟强", "芳华", "建国", "志明", "秀英", "文静", "海涛", "晓梅", "春燕")
CITIES = ("北京市朝阳区", "上海市浦东新区", "广州市天河区", "杭州市西湖区")
SOUNDS = str.maketrans({"伟": "维", "芳": "方", "志": "智", "静": "敬", "明": "名"})


def english(persons: int = 90, seed: int = 3) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """Two records of each person, the second one with an error or two."""
    chance = random.Random(seed)
    rows, truth = [], []
    for person in range(persons):
        given, family = chance.choice(GIVEN), chance.choice(FAMILY) + chance.choice(("", "son", "ley"))
        born = f"{chance.randint(1940, 2005)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        phone = f"07{chance.randint(10**8, 10**9 - 1)}"
        rows.append((given, family, born, phone))
        rows.append(_spoilt(chance, (given, family, born, phone)))
        truth += [person, person]
    return _shuffled(chance, rows, truth, ["given_name", "surname", "birth_date", "phone"])


def chinese(persons: int = 60, seed: int = 5) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """Two records of each person: homophones, full-width digits, company suffixes, Chinese numerals."""
    chance = random.Random(seed)
    rows, truth = [], []
    for person in range(persons):
        name = chance.choice(SURNAMES) + chance.choice(NAMES)
        firm = chance.choice(("华信", "东方", "金桥", "瑞丰")) + chance.choice(("科技", "贸易", "物流"))
        house = chance.randint(1, 9)
        address = f"{chance.choice(CITIES)}人民路{chance.randint(10, 99)}弄"
        phone = f"13{chance.randint(10**8, 10**9 - 1)}"
        rows.append((name, f"{firm}有限公司", f"{address}{house}号", phone))
        wide = "".join(chr(ord(c) + 0xFEE0) for c in phone)
        written = f"{address}{'一二三四五六七八九'[house - 1]}号"
        other = chance.choice((None, wide, wide))
        rows.append((name.translate(SOUNDS), f"{firm}股份有限公司", written, other))
        truth += [person, person]
    return _shuffled(chance, rows, truth, ["name", "company", "address", "phone"])


def _spoilt(chance: random.Random, row: tuple[str, ...]) -> tuple[str | None, ...]:
    found: list[str | None] = list(row)
    place = chance.randrange(4)
    text = row[place]
    at = chance.randrange(1, len(text) - 1)
    found[place] = chance.choice(
        (None, text[:at] + text[at + 1 :], text[:at] + text[at + 1] + text[at] + text[at + 2 :])
    )
    if chance.random() < 0.3:
        found[0], found[1] = found[1], found[0]
    return tuple(found)


def _shuffled(
    chance: random.Random, rows: list[tuple[str | None, ...]], truth: list[int], names: list[str]
) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    order = list(range(len(rows)))
    chance.shuffle(order)
    frame = pl.DataFrame([rows[n] for n in order], schema=dict.fromkeys(names, pl.String), orient="row")
    return frame, np.array([truth[n] for n in order])
