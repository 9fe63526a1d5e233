"""Any edits on any layout: what is written reads as the edited model, and untouched steps keep their bytes."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from assets.kettle.files import edit
from assets.kettle.files.new import new_step
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import to_bytes
from assets.kettle.model import Transformation

BLANK = st.sampled_from(["", " ", "\n", "\n  ", "\r\n    ", "<!-- c -->", "\n<?pi d?>\n"])
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("<>&'\"/ \n\t"), max_size=8
)
NAMES = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1, max_size=4)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A transformation laid out in any way, with values spelled in any way."""

    def value(text: str) -> str:
        spelled = draw(st.sampled_from(["escaped", "cdata", "hex"]))
        if spelled == "cdata" and "]]>" not in text:
            return f"<![CDATA[{text}]]>"
        if spelled == "hex":
            return "".join(f"&#x{ord(c):x};" for c in text)
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    names = draw(NAMES)
    steps = "".join(
        f"{draw(BLANK)}<step>{draw(BLANK)}<name>{name}</name>{draw(BLANK)}<type>D</type>"
        f"{draw(BLANK)}<opt>{value(draw(TEXT))}</opt>{draw(st.sampled_from(['', '<e/>', '<e></e>', '<e  />']))}"
        f"{draw(BLANK)}</step>"
        for name in names
    )
    hops = "".join(f"{draw(BLANK)}<hop><from>{a}</from><to>{b}</to></hop>" for a, b in pairwise(names))
    return (
        f"{draw(st.sampled_from(['', '<!-- top -->']))}<transformation>{draw(BLANK)}<info><name>t</name></info>"
        f"{draw(BLANK)}<order>{hops}{draw(BLANK)}</order>{steps}{draw(BLANK)}</transformation>"
    ).encode()


EDITS = st.lists(
    st.tuples(st.sampled_from(["set", "new", "remove", "add"]), st.integers(0, 9), TEXT, st.sampled_from("xyz")),
    max_size=5,
)


def _apply(model: Transformation, kind: str, number: int, text: str, name: str) -> str | None:
    """One edit; the name of the step it is about."""
    steps = list(model.steps)
    if kind == "add":
        if name in model.steps:
            return None
        edit.add_step(model, new_step(name, "Dummy", [("opt", text)], x=1, y=2))
        return name
    if not steps:
        return None
    step = steps[number % len(steps)]
    if kind == "remove":
        edit.remove_step(model, step)
    else:
        edit.set_text(model, step, "opt" if kind == "set" else "deep/er", text)
    return step


@given(files(), EDITS)
def test_edits(data: bytes, edits: list[tuple[str, int, str, str]]) -> None:
    model = read_transformation(data)
    assert to_bytes(model) == data
    before = {
        name: data[span.start : span.end]
        for name, span in ((n, model.document.spans[s.options.element]) for n, s in model.steps.items())
    }
    touched = {_apply(model, *one) for one in edits}
    written = to_bytes(model)
    again = read_transformation(written)
    assert again.hops == model.hops
    assert list(again.steps) == list(model.steps)
    for name, step in model.steps.items():
        assert _canonical(again.steps[name].options.element) == _canonical(step.options.element)
        if name not in touched:
            assert before[name] in written
    assert to_bytes(again) == written


def _canonical(node: object) -> bytes:
    """A node as text, without regard to the two forms of an empty element."""
    return re.sub(rb"<(\w+)></\1>", rb"<\1/>", etree.tostring(node, with_tail=False))
