"""Renders the handbook's PDF documents: `python examples/handbook_pdf.py [FOLDER]`.

The fonts (PyMuPDF's Droid Sans Fallback, cut down to the characters used) are embedded, so that the Chinese text can
be read and extracted everywhere. Output bytes depend on the content below and the PyMuPDF version only.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pymupdf

Table = Sequence[Sequence[str]]
Part = tuple[str, str | Table]  # kind (title, heading, text, table) and content

PAGE = pymupdf.paper_rect("a4")
MARGIN = 56
SIZES = {"title": 20.0, "heading": 14.0, "text": 10.5}
LEADING = 1.6

COLD_CHAIN: list[Part] = [
    ("title", "冷链与食品安全手册"),
    (
        "text",
        "本手册规定门店收货、储存、陈列和销售生鲜商品的温度与时间要求。冷链值班电话为分机4425，全天24小时有人接听。",
    ),
    ("heading", "收货温度"),
    (
        "text",
        "收货时用校准过的温度计测量每个品类至少两箱商品的中心温度。超过下表上限的商品当场拒收，并在送货单上注明温度。",
    ),
    (
        "table",
        [
            ["品类", "收货温度上限", "储存温度", "最长储存时间"],
            ["冷藏肉类", "4摄氏度", "0至4摄氏度", "3天"],
            ["冷冻食品", "零下15摄氏度", "零下18摄氏度", "90天"],
            ["乳制品", "5摄氏度", "2至5摄氏度", "7天"],
            ["鲜鱼", "2摄氏度", "0至2摄氏度", "2天"],
            ["鸡蛋", "7摄氏度", "不超过7摄氏度", "21天"],
            ["切配水果", "5摄氏度", "1至5摄氏度", "2天"],
        ],
    ),
    ("heading", "冷库与冷柜检查"),
    ("text", "冷库温度每4小时记录一次，冷柜每天记录三次，时间为早上7点、下午2点和晚上9点。记录表保存一年。"),
    ("text", "冷柜温度超过8摄氏度达到2小时，柜内全部冷藏商品必须报损，不得降价销售。"),
    ("heading", "温度计校准"),
    ("text", "温度计每月第一个周一用冰水法校准，误差超过1摄氏度的温度计停止使用并送修。"),
    ("heading", "员工卫生"),
    (
        "text",
        "接触裸露食品前用温水洗手至少20秒。手部有伤口时必须佩戴蓝色防水创可贴和手套。发热、腹泻或呕吐的员工在症状消失48小时后方可返岗。",
    ),
    ("heading", "热食保温"),
    ("text", "热食陈列温度不得低于60摄氏度。烤鸡出炉后最多销售3小时。每2小时测量一次中心温度并记录。"),
    ("heading", "虫害防治"),
    ("text", "虫害防治公司每月检查一次，检查报告保存24个月。发现活体害虫时立即停止该区域作业并在1小时内通知区域经理。"),
    ("heading", "过敏原标识"),
    (
        "text",
        "现场制作的食品必须标明九种主要过敏原：牛奶、鸡蛋、鱼、甲壳类、坚果、花生、小麦、大豆和芝麻。含坚果的商品使用紫色刀具和砧板。",
    ),
]

DELIVERY: list[Part] = [
    ("title", "Pickup and home delivery"),
    (
        "text",
        "How orders placed on the web site or by telephone are picked, handed over and delivered. Valid from 1 March 2017 in all stores with a pickup bay.",
    ),
    ("heading", "Order windows"),
    (
        "text",
        "Pickup windows are one hour long, from 8 am to 8 pm. An order must be placed at least 4 hours before its window. Orders can be changed until midnight of the day before.",
    ),
    ("heading", "Fees"),
    (
        "table",
        [
            ["Service", "Order below 35 USD", "Order of 35 USD or more"],
            ["Pickup", "4.95 USD", "free"],
            ["Home delivery, same day", "11.95 USD", "9.95 USD"],
            ["Home delivery, next day", "8.95 USD", "5.95 USD"],
        ],
    ),
    (
        "text",
        "Gold members have two free deliveries a month. There is no fee for cancelling up to 2 hours before the window; later cancellations cost 5 USD.",
    ),
    ("heading", "Substitutions"),
    (
        "text",
        "When a product is out of stock, the picker offers a substitute of the same or a higher value at the price of the product ordered. A customer may refuse any substitute at handover. Substitution rates above 6 percent in a week are reported to store operations.",
    ),
    ("heading", "Picking"),
    (
        "text",
        "Pickers collect dry goods first, chilled goods next and frozen goods last. Frozen goods may stay outside the freezer for at most 20 minutes. Target speed is 75 items per hour.",
    ),
    ("heading", "Handover"),
    (
        "text",
        "Orders wait in the pickup bay for at most 7 minutes after the customer reports. Alcohol is handed over only to a person of 21 or more with an identity card. Orders that nobody collects are put back on the shelf 2 hours after the window ends.",
    ),
    ("heading", "Delivery area"),
    (
        "text",
        "We deliver within 10 miles of the store. Drivers carry at most 12 orders per tour, and chilled goods travel in boxes with ice packs that keep 5 degrees Celsius or less for 3 hours.",
    ),
    ("heading", "Coupons in online orders"),
    (
        "text",
        "Digital coupons are applied automatically, the best five per order. Paper coupons can be handed to the driver, who credits them to the account within 2 working days. Coupon match does not apply to online orders.",
    ),
    ("heading", "Missing or damaged items"),
    (
        "text",
        "Missing or damaged items are credited when reported within 48 hours. Credits above 100 USD are approved by the store manager.",
    ),
]

DOCUMENTS = {"冷链与食品安全手册.pdf": COLD_CHAIN, "pickup-and-delivery.pdf": DELIVERY}


class Writer:
    """Puts parts one below the other, starting a new page when one is full."""

    def __init__(self) -> None:
        self.document = pymupdf.open()
        self.font = pymupdf.Font("cjk")
        self._new_page()

    def _new_page(self) -> None:
        self.page = self.document.new_page(width=PAGE.width, height=PAGE.height)
        self.y = float(MARGIN)

    def text(self, text: str, size: float) -> None:
        """Write one paragraph, wrapped at the right margin."""
        for line in wrap(text, self.font, size, PAGE.width - 2 * MARGIN):
            self._line(line, MARGIN, size)
        self.y += size * 0.7

    def table(self, rows: Table) -> None:
        """Write a table with ruled cells of equal width."""
        width = (PAGE.width - 2 * MARGIN) / len(rows[0])
        height = SIZES["text"] * 2
        if self.y + height * len(rows) > PAGE.height - MARGIN:
            self._new_page()
        for row in rows:
            for column, cell in enumerate(row):
                left = MARGIN + column * width
                self.page.draw_rect(pymupdf.Rect(left, self.y, left + width, self.y + height), width=0.6)
                self._put(cell, left + 4, self.y + height * 0.68, SIZES["text"])
            self.y += height
        self.y += SIZES["text"]

    def _line(self, line: str, left: float, size: float) -> None:
        if self.y + size * LEADING > PAGE.height - MARGIN:
            self._new_page()
        self._put(line, left, self.y + size, size)
        self.y += size * LEADING

    def _put(self, text: str, x: float, y: float, size: float) -> None:
        writer = pymupdf.TextWriter(PAGE)
        writer.append((x, y), text, font=self.font, fontsize=size)
        writer.write_text(self.page)


def wrap(text: str, font: pymupdf.Font, size: float, width: float) -> Iterator[str]:
    """Lines of at most `width` points; breaks at blanks in English, anywhere in Chinese."""
    words = text.split(" ") if text.isascii() else list(text)
    glue = " " if text.isascii() else ""
    line = ""
    for word in words:
        longer = line + glue + word if line else word
        if line and font.text_length(longer, size) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


def render(parts: list[Part]) -> bytes:
    """One document as PDF bytes."""
    writer = Writer()
    for kind, content in parts:
        if isinstance(content, str):
            writer.text(content, SIZES[kind])
        else:
            writer.table(content)
    writer.document.set_metadata({"title": str(parts[0][1]), "producer": "handbook_pdf.py"})
    writer.document.subset_fonts()
    pdf: bytes = writer.document.tobytes(garbage=4, deflate=True, no_new_id=True)
    return pdf


def main(folder: Path) -> None:
    """Write all documents."""
    for name, parts in DOCUMENTS.items():
        (folder / name).write_bytes(render(parts))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "handbook")
