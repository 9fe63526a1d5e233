"""Places of boxes: nothing overlaps, arrows lead to the right, and large graphs cost little."""

import random
import time
from itertools import pairwise

from serving.studio.drawing import Arrow, Box, draw, fit, measure
from serving.studio.layout import lay_out


def graph(nodes: int, seed: int = 1) -> tuple[list[str], list[tuple[str, str]]]:
    chance = random.Random(seed)
    names = [f"table/shop/node_{n}" for n in range(nodes)]
    edges = [(names[chance.randrange(max(0, n - 60), n)], names[n]) for n in range(1, nodes) for _ in range(2)]
    return names, edges


def test_boxes_do_not_overlap_and_arrows_lead_to_the_right() -> None:
    names, edges = graph(120)
    layout = lay_out({n: (100.0 + i % 7 * 10, 30.0 + i % 5 * 20) for i, n in enumerate(names)}, edges)
    placed = [(x, y, 100.0 + i % 7 * 10, 30.0 + i % 5 * 20) for i, n in enumerate(names) for x, y in [layout.spots[n]]]
    for i, (x1, y1, w1, h1) in enumerate(placed):
        for x2, y2, w2, h2 in placed[i + 1 :]:
            assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 + 1e-6 or y2 + h2 <= y1 + 1e-6
    assert all(layout.spots[a][0] < layout.spots[b][0] for a, b in edges)
    assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y, _, _ in placed)


def test_cycles_loops_and_lonely_boxes_are_placed() -> None:
    sizes = dict.fromkeys("abcdef", (50.0, 20.0))
    layout = lay_out(sizes, [("a", "b"), ("b", "c"), ("c", "a"), ("d", "d"), ("x", "a")])
    assert set(layout.spots) == set("abcdef") and len(set(layout.spots.values())) == 6
    assert lay_out({}, []).spots == {}


def test_a_straight_chain_is_drawn_straight() -> None:
    layout = lay_out(dict.fromkeys("abcd", (50.0, 20.0)), [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")])
    assert max(y for _, y in layout.spots.values()) - min(y for _, y in layout.spots.values()) < 20


def test_five_hundred_boxes_are_placed_at_once() -> None:
    names, edges = graph(500)
    start = time.process_time()
    drawing = draw([Box(n, n) for n in names], [Arrow(a, b) for a, b in edges])
    assert len(drawing.boxes) == 500 and time.process_time() - start < 0.8  # measured: 0.1


def test_a_long_chain_needs_no_deep_recursion() -> None:
    names = [str(n) for n in range(5000)]
    layout = lay_out(dict.fromkeys(names, (10.0, 10.0)), list(pairwise(names)))
    assert layout.width > 5000 * 10


def test_texts_are_cut_to_fit() -> None:
    assert fit("short", 100) == "short"
    cut = fit("销售金额" * 500, 100)
    assert cut.endswith("…") and measure(cut) <= 100
