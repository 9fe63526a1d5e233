"""Tables made with known errors: clinics, orders, brews and people, on which thresholds and weights were chosen.

Each maker returns clean and dirty texts of the same shape; what is planted is drawn by the seed.
"""

import string
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Table = dict[str, list[str]]
_SYLLABLES = [c + v for c in "bcdfhklmnprstvz" for v in "aeio"]
_WORDS = [
    "north",
    "south",
    "river",
    "hill",
    "stone",
    "green",
    "grand",
    "old",
    "royal",
    "city",
    "valley",
    "park",
    "union",
]


@dataclass(frozen=True)
class Made:
    """A clean table and the dirty one of it."""

    name: str
    clean: Table
    dirty: Table


class Maker:
    """Draws names, numbers and errors."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def word(self, syllables: int = 3) -> str:
        """An invented word."""
        return "".join(self.random.choice(_SYLLABLES) for _ in range(syllables))

    def words(self, number: int) -> list[str]:
        """Different invented words."""
        found: dict[str, None] = {}
        while len(found) < number:
            found[self.word(int(self.random.integers(2, 5)))] = None
        return list(found)

    def pick(self, values: list[str]) -> str:
        """One of the values, those in front more often."""
        return values[int(len(values) * self.random.random() ** 1.7)]

    def digits(self, number: int) -> str:
        """A number of so many digits, the first not 0."""
        return str(self.random.integers(1, 10)) + "".join(str(d) for d in self.random.integers(0, 10, number - 1))

    def typo(self, text: str, alphabet: str) -> str:
        """One or two characters changed, left out or doubled."""
        for _ in range(1 + int(self.random.random() < 0.2)):
            if not text:
                return text
            at = int(self.random.integers(len(text)))
            drawn = alphabet[int(self.random.integers(len(alphabet)))]
            kind = self.random.random()
            if kind < 0.6:
                text = text[:at] + drawn + text[at + 1 :]
            elif kind < 0.8:
                text = text[:at] + text[at + 1 :]
            else:
                text = text[:at] + drawn + text[at:]
        return text

    def hit(self, table: Table, columns: list[str], share: float, spoil: Callable[[str, int], str]) -> None:
        """Spoils a share of the cells of these columns."""
        for column in columns:
            cells = table[column]
            for row in np.flatnonzero(self.random.random(len(cells)) < share).tolist():
                cells[row] = spoil(cells[row], row)

    def swap(self, table: Table, column: str) -> Callable[[str, int], str]:
        """A value of another row instead."""
        values = list(table[column])
        return lambda _, __: values[int(self.random.integers(len(values)))]


def clinics(seed: int, rows: int = 1200) -> Made:
    """One row per clinic and measure: many dependencies; typos, swaps and lost values."""
    m = Maker(seed)
    alphabet = ("q", string.ascii_lowercase + string.digits, "#xz")[seed % 3]
    states = [w[:2] for w in m.words(12)]
    towns = [(t, m.pick(states)) for t in m.words(30)]
    sites = []
    for number in range(60):
        town, state = towns[int(len(towns) * m.random.random())]
        name = f"{m.word()} {m.pick(_WORDS)} clinic"
        sites.append(
            (
                str(70000 + 13 * number),
                name,
                f"{m.digits(3)} {m.word()} street",
                town,
                state,
                m.digits(5),
                m.digits(10),
                m.pick(["public", "private", "church", "university"]),
            )
        )
    measures = [
        (f"{a}-{n}", f"{m.pick(_WORDS)} {m.word()} given to {m.word()} {m.word()} on arrival", a)
        for a in ("hrt", "lng", "sgy")
        for n in range(1, 8)
    ]
    names = [
        "no",
        "clinic",
        "name",
        "street",
        "town",
        "state",
        "zip",
        "phone",
        "owner",
        "code",
        "measure",
        "group",
        "score",
        "cases",
        "mean",
    ]
    lines = []
    for number in range(rows):
        s, e = sites[int(len(sites) * m.random.random())], measures[int(len(measures) * m.random.random())]
        lines.append(
            [
                str(number + 1),
                *s,
                *e,
                f"{m.random.integers(30, 101)}%",
                f"{m.random.integers(5, 400)} cases",
                f"{s[4]}_{e[0]}",
            ]
        )
    clean = {n: [line[i] for line in lines] for i, n in enumerate(names)}
    dirty = {n: list(v) for n, v in clean.items()}
    m.hit(dirty, names[1:], 0.03, lambda v, _: m.typo(v, alphabet))
    for column in ("town", "state", "zip", "owner", "measure", "clinic"):
        m.hit(dirty, [column], 0.01, m.swap(clean, column))
    m.hit(dirty, ["owner", "phone", "zip"], 0.01, lambda _, __: "")
    return Made(f"clinics {seed}", clean, dirty)


def orders(seed: int, rows: int = 2500) -> Made:
    """Orders with products and customers: price, amount, dates in mixed writings, currency signs, swapped cells."""
    m = Maker(seed)
    goods = [
        (
            f"{m.word(2).upper()}-{100 + n}",
            f"{m.pick(_WORDS)} {m.word()}",
            m.pick(["tool", "food", "toy", "book"]),
            f"{m.random.integers(100, 9000) / 100:.2f}",
        )
        for n in range(80)
    ]
    lands = m.words(8)
    towns = [(t, m.pick(lands)) for t in m.words(40)]
    people = [(f"C{1000 + n}", f"{m.word(2).title()} {m.word().title()}", *m.pick(towns)) for n in range(500)]  # type: ignore[arg-type]
    lines = []
    for number in range(rows):
        g, p = goods[int(80 * m.random.random() ** 1.5)], people[int(500 * m.random.random())]
        amount = int(m.random.integers(1, 12))
        day = f"20{m.random.integers(19, 25)}-{m.random.integers(1, 13):02d}-{m.random.integers(1, 29):02d}"
        lines.append(
            [
                f"O{50000 + number}",
                day,
                *p,
                *g,
                str(amount),
                f"{float(g[3]) * amount:.2f}",
                m.pick(["card", "cash", "bill"]),
            ]
        )
    names = [
        "order",
        "day",
        "customer",
        "name",
        "town",
        "land",
        "item",
        "title",
        "kind",
        "price",
        "amount",
        "total",
        "paid",
    ]
    clean = {n: [line[i] for line in lines] for i, n in enumerate(names)}
    dirty = {n: list(v) for n, v in clean.items()}
    m.hit(
        dirty, ["name", "town", "land", "title", "kind", "paid"], 0.02, lambda v, _: m.typo(v, string.ascii_lowercase)
    )
    m.hit(dirty, ["day"], 0.06, lambda v, _: f"{v[8:10]}.{v[5:7]}.{v[:4]}")
    m.hit(dirty, ["price"], 0.04, lambda v, _: f"${v}")
    m.hit(dirty, ["paid", "kind"], 0.03, lambda v, _: v.upper())
    m.hit(dirty, ["town", "title"], 0.02, lambda v, _: f" {v} ")
    m.hit(dirty, ["land", "kind", "price"], 0.02, lambda _, __: m.pick(["", "NULL", "n/a"]))
    m.hit(dirty, ["land"], 0.01, m.swap(clean, "land"))
    return Made(f"orders {seed}", clean, dirty)


def brews(seed: int, rows: int = 1500) -> Made:
    """Products of makers: few repeats, sizes with a unit written in several ways, town and land run together."""
    m = Maker(seed)
    lands = [w[:2].upper() for w in m.words(25)]
    towns = [(t.title(), m.pick(lands)) for t in m.words(200)]
    makers = [
        (
            str(n),
            f"{m.word().title()} {m.pick(['Works', 'Company', 'House', 'Brothers'])}",
            *towns[int(200 * m.random.random() ** 1.5)],
        )
        for n in range(350)
    ]
    kinds = [f"{m.word().title()} {m.word(2).title()}" for _ in range(60)]
    lines = []
    for number in range(rows):
        size = m.pick(["330", "500", "250", "750", "1000", "355.5"])
        share = f"{m.random.integers(20, 120) / 1000:g}"
        bitter = str(m.random.integers(5, 120)) if m.random.random() < 0.6 else ""
        lines.append(
            [
                str(number),
                f"{m.word().title()} {m.pick(_WORDS).title()}",
                m.pick(kinds),
                size,
                share,
                bitter,
                *makers[int(350 * m.random.random() ** 1.8)],
            ]
        )
    names = ["no", "product", "kind", "size_ml", "share", "bitterness", "maker_id", "maker", "town", "land"]
    clean = {n: [line[i] for line in lines] for i, n in enumerate(names)}
    dirty = {n: list(v) for n, v in clean.items()}
    units = [" ml", "ml", " ML", " ml."]
    m.hit(dirty, ["size_ml"], 0.7 if seed % 2 else 0.1, lambda v, _: v + m.pick(units))
    m.hit(dirty, ["share"], 0.05, lambda v, _: f"{float(v) * 100:g}%")
    dirty["bitterness"] = [v or ("N/A" if seed % 2 else "") for v in clean["bitterness"]]
    merged = np.flatnonzero(m.random.random(rows) < 0.05).tolist()
    for row in merged:
        dirty["town"][row] += " " + dirty["land"][row]
        dirty["land"][row] = ""
    m.hit(dirty, ["kind", "maker"], 0.02, lambda v, _: m.typo(v, string.ascii_lowercase))
    return Made(f"brews {seed}", clean, dirty)


def people(seed: int, rows: int = 1500) -> Made:
    """Chinese records: full-width digits, mojibake, spaces, lost provinces; names that must not be touched."""
    m = Maker(seed)
    places = [
        ("杭州市", "浙江省", "0571"),
        ("宁波市", "浙江省", "0574"),
        ("南京市", "江苏省", "025"),
        ("苏州市", "江苏省", "0512"),
        ("广州市", "广东省", "020"),
        ("深圳市", "广东省", "0755"),
        ("成都市", "四川省", "028"),
        ("西安市", "陕西省", "029"),
    ]
    family, given = "王李张刘陈杨黄赵周吴徐孙", "伟芳娜敏静强磊洋艳勇军杰娟涛明超秀霞平刚"
    lines = []
    for number in range(rows):
        name = m.pick(list(family)) + m.pick(list(given)) + (m.pick(list(given)) if m.random.random() < 0.6 else "")
        place = places[int(8 * m.random.random())]
        birth = f"19{m.random.integers(50, 100)}-{m.random.integers(1, 13):02d}-{m.random.integers(1, 29):02d}"
        lines.append(
            [
                f"P{number:05d}",
                name,
                m.pick(["男", "女"]),
                birth,
                *place,
                "1" + m.digits(10),
                f"{m.random.integers(3000, 30000)}",
            ]
        )
    names = ["编号", "姓名", "性别", "出生日期", "城市", "省份", "区号", "手机", "收入"]
    clean = {n: [line[i] for line in lines] for i, n in enumerate(names)}
    dirty = {n: list(v) for n, v in clean.items()}
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    m.hit(dirty, ["手机", "收入"], 0.03, lambda v, _: v.translate(wide))
    m.hit(dirty, ["城市", "省份"], 0.02, lambda v, _: v.encode("gbk").decode("latin-1"))
    m.hit(dirty, ["姓名", "城市"], 0.02, lambda v, _: v + "\u3000")
    m.hit(dirty, ["省份", "区号"], 0.02, lambda _, __: m.pick(["", "无", "NULL"]))
    m.hit(dirty, ["出生日期"], 0.05, lambda v, _: v.replace("-", "/"))
    m.hit(dirty, ["省份"], 0.01, m.swap(clean, "省份"))
    return Made(f"people {seed}", clean, dirty)


def flights(seed: int, rows: int = 2000) -> Made:
    """Times of flights as many sites report them: many sites are often wrong, so that errors are many."""
    m = Maker(seed)

    def time() -> str:
        return f"{m.random.integers(1, 13)}:{m.random.integers(0, 60):02d} {m.pick(['a.m.', 'p.m.'])}"

    routes = [(f"{m.word(1).upper()}-{n}-{m.word(1).upper()}", *(time() for _ in range(4))) for n in range(100, 170)]
    sites = [f"site {w}" for w in m.words(30)]
    trust = {site: 0.4 * m.random.random() for site in sites}
    names = ["no", "site", "flight", "left_plan", "left", "came_plan", "came"]
    lines = [[str(n), m.pick(sites), *routes[int(len(routes) * m.random.random())]] for n in range(rows)]
    clean = {n: [line[i] for line in lines] for i, n in enumerate(names)}
    dirty = {n: list(v) for n, v in clean.items()}
    for column in names[3:]:
        for row, site in enumerate(clean["site"]):
            if m.random.random() < trust[site]:
                dirty[column][row] = m.pick(["", time(), time()])
    return Made(f"flights {seed}", clean, dirty)


MAKERS: tuple[Callable[[int], Made], ...] = (clinics, orders, brews, people, flights)
