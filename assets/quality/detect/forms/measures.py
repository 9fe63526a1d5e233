"""Units that numbers are written with, and the ratios between them."""

_SPELT = (
    "% ‰ ° $ € £ ¥ ￥ ₹ usd eur gbp cny rmb jpy hkd chf cad aud inr krw sgd twd rs dollar dollars euro euros yuan",
    "pound pounds mm cm dm m km in inch inches ft feet foot yd mi mile miles mg g kg t lb lbs oz ounce ounces gram",
    "grams kilo ton tons ml cl dl l liter liters litre litres gal gallon pt qt floz fl cc s sec secs second seconds",
    "min mins minute minutes h hr hrs hour hours d day days wk week weeks mo month months y yr yrs year years ms hz",
    "khz mhz ghz b kb mb gb tb w kw mw kwh v a mah pa kpa mpa bar psi k c f mph kmh rpm pct percent pcs pc ea",
    "元 万元 亿元 美元 块 角 千克 公斤 克 斤 吨 米 厘米 毫米 公里 千米",
    "升 毫升 分钟 小时 秒 天 月 年 岁 个 件 只 台 次 人",
)
KNOWN = frozenset(word for line in _SPELT for word in line.split())
_POWERS = (1.0, 0.01, 100.0, 0.001, 1000.0, 0.1, 10.0, 1e-4, 1e4, 1 / 60, 60.0)
_RATIOS = (2.54, 0.3048, 0.45359237, 28.349523, 29.573530, 1.609344)  # inch, foot, pound, ounce, fluid ounce, mile
# 1 first, so that it wins a tie
FACTORS = _POWERS + tuple(f for ratio in _RATIOS for f in (ratio, 1 / ratio))
_ALIKE = (
    "oz ounce ounces|lb lbs pound pounds|g gram grams 克|kg kilo kilogram 千克 公斤|t ton tons 吨|斤",
    "l liter liters litre litres 升|ml milliliter 毫升|m meter meters metre metres 米|cm 厘米|mm 毫米|km 公里 千米",
    "in inch inches|ft feet foot|mi mile miles|s sec secs second seconds 秒|min mins minute minutes 分钟",
    "h hr hrs hour hours 小时|d day days 天|% pct percent|wk week weeks|mo month months|yr yrs year years",
    "$ usd us dollar dollars 美元|€ eur euro euros|£ gbp|¥ ￥ cny rmb yuan 元 块",
)
# another spelling -> the unit
SAME = {w: group.split()[0] for line in _ALIKE for group in line.split("|") for w in group.split()}
_SIZES = (
    {"mg": 0.001, "g": 1.0, "kg": 1000.0, "t": 1e6, "lb": 453.59237, "oz": 28.349523125, "斤": 500.0},
    {"mm": 0.001, "cm": 0.01, "dm": 0.1, "m": 1.0, "km": 1000.0, "in": 0.0254, "ft": 0.3048, "mi": 1609.344},
    {"ml": 0.001, "cl": 0.01, "dl": 0.1, "l": 1.0, "cc": 0.001},
    {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "wk": 604800.0},
    {"元": 1.0, "¥": 1.0, "万元": 1e4, "亿元": 1e8},
)
_CURRENCIES = frozenset(["$", "€", "£", "¥", "₹", "jpy", "hkd", "chf", "cad", "aud", "inr", "krw", "sgd", "twd"])


def ratio(one: str, other: str) -> float | None:
    """What a number in one unit must be multiplied by to be in the other; 0 where that cannot be, None if unknown."""
    if one == other:
        return 1.0
    for sizes in _SIZES:
        if one in sizes and other in sizes:
            return sizes[one] / sizes[other]
    known = [any(u in sizes for sizes in _SIZES) or u in _CURRENCIES or u == "%" for u in (one, other)]
    return 0.0 if all(known) else None
