"""Chunks keep sections and tables together, stay under the limit, and lose nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from assets.knowledge.blocks import Block, language, size
from assets.knowledge.chunk import chunks, sentences

WORDS = st.text(st.sampled_from("ab 优惠券。.!？1"), min_size=1, max_size=300).filter(str.strip)
CELL = st.text(st.sampled_from("ab1券"), min_size=1, max_size=12)
TABLES = st.lists(st.tuples(CELL, CELL), min_size=2, max_size=40)


def squeezed(text: str) -> str:
    return "".join(text.split())


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["A", "B"]), WORDS), min_size=1, max_size=8))
def test_no_text_is_lost_and_the_limit_holds(parts: list[tuple[str, str]]) -> None:
    blocks = [Block("paragraph", (heading,), text) for heading, text in parts]
    found = chunks("d", blocks, limit=120)
    assert all(size(chunk.text) <= 120 for chunk in found)
    assert squeezed("".join(c.text for c in found)) == squeezed("".join(text for _, text in parts))
    assert len({chunk.id for chunk in found}) == len(found)
    assert chunks("d", blocks, limit=120) == found


@settings(deadline=None)
@given(TABLES)
def test_each_part_of_a_table_repeats_its_header(rows: list[tuple[str, str]]) -> None:
    found = chunks("d", [Block("table", ("T",), "", rows=tuple(rows))], limit=150)
    header = f"| {rows[0][0]} | {rows[0][1]} |"
    lines = [chunk.text.split("\n") for chunk in found]
    assert all(part[:2] == [header, "|---|---|"] for part in lines)
    assert [line for part in lines for line in part[2:]] == [f"| {a} | {b} |" for a, b in rows[1:]]


def test_a_section_is_one_chunk_and_two_sections_are_two() -> None:
    blocks = [
        Block("paragraph", ("T", "A"), "One."),
        Block("list", ("T", "A"), "- x"),
        Block("paragraph", ("T",), "Two."),
    ]
    assert [(c.heading, c.text) for c in chunks("d", blocks)] == [(("T", "A"), "One.\n- x"), (("T",), "Two.")]


def test_an_id_depends_on_its_own_text_alone() -> None:
    one = Block("paragraph", ("A",), "One.")
    before = chunks("d", [one, Block("paragraph", ("B",), "Two.")])
    after = chunks("d", [Block("paragraph", ("0",), "New."), one, Block("paragraph", ("B",), "Two, changed.")])
    assert before[0].id == after[1].id and before[1].id != after[2].id
    assert chunks("other", [one])[0].id != before[0].id


def test_sentences_and_languages() -> None:
    assert sentences("Costs 1.50 USD. Really? Yes") == ["Costs 1.50 USD.", "Really?", "Yes"]
    assert sentences("第一。第二！第三") == ["第一。", "第二！", "第三"]
    assert language("字段retail_disc是什么意思") == "zh"
    assert language("What does 优惠 mean in the coupon file of the year?") == "en"
