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
