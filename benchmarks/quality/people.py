"""Made-up people with spelling errors, for developing and measuring linkage: English or Chinese, any number of rows.

Names and places are drawn with the skew of real ones; each further record of a person has one to six errors: a
letter changed, dropped, doubled or swapped, a value missing, first and last name exchanged, day and month exchanged,
another phone, a homophone in a Chinese name.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

_GIVEN = """
james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph
jessica thomas sarah charles karen
""".split()  # noqa: SIM905 - shorter
_FAMILY = """
smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson
anderson thomas taylor moore jackson martin
""".split()  # noqa: SIM905 - shorter
_SYLLABLES = """
al an ar ber bri car chi da del den do el en er fa fer gan ger ha har hen ing is jo ka kel la lan le li lo mar
mi mon na nel no on or pe ra ren ri ro sa sha son ston ta tel ter ton va vi wel win ya zel
""".split()  # noqa: SIM905 - shorter
_STREETS = """
oak maple cedar pine elm high church mill park station king queen river lake hill forest school spring
""".split()  # noqa: SIM905 - shorter
_WAYS = ("street", "road", "avenue", "lane", "drive")
_SURNAMES_ZH = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_GIVEN_ZH = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉力永健世广志义兴良海山仁波宁贵福生龙元全"
    "胜学祥才发武新利清飞彬富顺信子昌成康星光天达安岩中茂进林有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松"
    "善厚庆"
)
_HOMOPHONES = dict(
    zip("伟芳娜敏静丽强军杰娟涛明英华建文志新子佳", "玮方那民静莉蔷君洁涓滔铭瑛桦健雯智欣梓嘉", strict=True)
)
_CITIES_ZH = """
北京市 上海市 广州市 深圳市 杭州市 南京市 成都市 武汉市 西安市 重庆市 苏州市 天津市 长沙市 青岛市 郑州市
""".split()  # noqa: SIM905 - shorter
_STREETS_ZH = """
人民路 中山路 解放路 建设路 和平路 文化路 新华路 胜利路 长江路 黄河路 北京路 南京路 光明街 幸福街 工业大道
""".split()  # noqa: SIM905 - shorter


@dataclass(frozen=True, slots=True)
class People:
    """Records and the truth: `frame` has an `id`, `truth` the person of each row (int64)."""

    frame: pl.DataFrame
    truth: np.ndarray


def people(rows: int, seed: int = 0, share: float = 0.3, chinese: bool = False) -> People:
    """About `rows` records, `share` of them further records of people that are there already; in random order."""
    chance = np.random.default_rng(seed)
    persons = max(1, round(rows * (1 - share)))
    base = _chinese(persons, chance) if chinese else _english(persons, chance)
    who = np.concatenate([np.arange(persons), chance.integers(0, persons, rows - persons)])
    columns = {name: values[who] for name, values in base.items()}
    _spoil(columns, np.arange(persons, rows), chance)
    order = chance.permutation(rows)
    frame = pl.DataFrame(
        {"id": np.arange(rows)} | {n: pl.Series(v[order], dtype=pl.String) for n, v in columns.items()}
    )
    return People(frame, who[order])


def _skewed(words: list[str], size: int, chance: np.random.Generator, power: float = 0.9) -> np.ndarray:
    weights = 1 / np.arange(1, len(words) + 1) ** power
    return np.array(words, dtype=object)[chance.choice(len(words), size, p=weights / weights.sum())]


def _coined(first: list[str], many: int, chance: np.random.Generator) -> list[str]:
    made = dict.fromkeys(first)
    while len(made) < many:
        made["".join(chance.choice(_SYLLABLES, chance.integers(2, 4)))] = None
    return list(made)


def _days(size: int, chance: np.random.Generator) -> np.ndarray:
    start = np.datetime64("1930-01-01")
    return (start + chance.integers(0, 28_000, size)).astype(str).astype(object)


def _text(*parts: Any) -> np.ndarray:
    frame = pl.select(pl.concat_str([p if isinstance(p, pl.Expr) else pl.lit(pl.Series(p)) for p in parts]))
    return frame.to_series().to_numpy().astype(object)


def _english(size: int, chance: np.random.Generator) -> dict[str, np.ndarray]:
    given = _skewed(_coined(_GIVEN, 1500, chance), size, chance)
    family = _skewed(_coined(_FAMILY, 12_000, chance), size, chance)
    city = _skewed(_coined(["london", "leeds", "bristol"], 600, chance), size, chance)
    street = _skewed(_coined(_STREETS, 3000, chance), size, chance, 0.5)
    number, way = chance.integers(1, 200, size).astype(str).astype(object), _skewed(list(_WAYS), size, chance)
    phone = _text(["0"] * size, chance.integers(10**9, 10**10, size).astype(str).astype(object))
    mail = _text(
        given, ["."] * size, family, chance.integers(1, 99, size).astype(str).astype(object), ["@mail.net"] * size
    )
    return {
        "given_name": given, "surname": family, "birth_date": _days(size, chance), "city": city,
        "address": _text(number, [" "] * size, street, [" "] * size, way), "phone": phone, "email": mail,
    }  # fmt: skip


def _chinese(size: int, chance: np.random.Generator) -> dict[str, np.ndarray]:
    first = _skewed(list(_SURNAMES_ZH), size, chance)
    given = _text(_skewed(list(_GIVEN_ZH), size, chance, 0.4), _skewed(["", *_GIVEN_ZH], size, chance, 0.4))
    city, street = _skewed(_CITIES_ZH, size, chance, 0.5), _skewed(_STREETS_ZH, size, chance, 0.2)
    house, room = (chance.integers(1, n, size).astype(str).astype(object) for n in (400, 30))
    address = _text(city, street, house, ["号"] * size, room, ["室"] * size)
    phone = _text(["1"] * size, chance.integers(3 * 10**9, 10**10, size).astype(str).astype(object))
    return {
        "name": _text(first, given),
        "birth_date": _days(size, chance),
        "city": city,
        "address": address,
        "phone": phone,
    }


def _spoil(columns: dict[str, np.ndarray], rows: np.ndarray, chance: np.random.Generator) -> None:
    names = list(columns)
    for row in rows:
        for _ in range(chance.integers(1, 7)):
            name = names[chance.integers(len(names))]
            value = columns[name][row]
            if value is None:
                continue
            kind = chance.random()
            if kind < 0.2:
                columns[name][row] = None
            elif kind < 0.3 and "surname" in columns and name in ("surname", "given_name"):
                a, b = columns["given_name"], columns["surname"]
                a[row], b[row] = b[row], a[row]
            elif kind < 0.35 and name == "birth_date" and value[8:] <= "12":
                columns[name][row] = f"{value[:4]}-{value[8:]}-{value[5:7]}"
            else:
                columns[name][row] = _typo(value, chance)


def _typo(value: str, chance: np.random.Generator) -> str:
    place = int(chance.integers(len(value)))
    letter = value[place]
    if letter in _HOMOPHONES:
        return value[:place] + _HOMOPHONES[letter] + value[place + 1 :]
    other = str(chance.integers(10)) if letter.isdigit() else chr(97 + int(chance.integers(26)))
    kind = int(chance.integers(4))
    if kind == 0:
        return value[:place] + other + value[place + 1 :]
    if kind == 1 and len(value) > 2:
        return value[:place] + value[place + 1 :]
    if kind == 2:
        return value[:place] + letter + value[place:]
    return value[:place] + value[place + 1 : place + 2] + letter + value[place + 2 :]
