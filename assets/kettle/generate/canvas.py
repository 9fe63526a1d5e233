"""Where new steps stand on the canvas: found from the graph alone, the same each time; no other step is moved."""

from collections.abc import Iterable

from assets.kettle.generate.part import Part
from assets.kettle.model import StepNode, Transformation

WIDTH, HEIGHT = 128, 96  # from one step to the next
TIGHT = 80  # the least room between two steps of a line
NEAR = 48  # closer than this, two steps cover each other
START = (64, 64)

Place = tuple[int, int]


def positions(model: Transformation, part: Part, there: Iterable[str], left: str, right: str) -> dict[str, Place]:
    """Role -> place of the steps that are new.

    They stand in a line between the steps `left` and `right` ("" = none), closer together where there is little room,
    and where one would cover another step, lower.
    """
    depth = _depths(part)
    x, y, width = _start(model, max(depth.values()) + 1, left, right)
    taken = [place_of(step) for step in model.steps.values()]
    present = set(there)
    found = {}
    for made in part:
        if made.role in present:
            continue
        place = (x + width * depth[made.role], y + HEIGHT * made.lane)
        while any(abs(place[0] - a) < NEAR and abs(place[1] - b) < NEAR for a, b in taken):
            place = (place[0], place[1] + HEIGHT)
        found[made.role] = place
        taken.append(place)
    return found


def place_of(step: StepNode) -> Place:
    """Where a step stands; texts that are no numbers count as 0."""
    texts = (step.options.text("GUI/xloc"), step.options.text("GUI/yloc"))
    x, y = (int(t) if t.strip().lstrip("-").isdigit() else 0 for t in texts)
    return x, y


def _start(model: Transformation, count: int, left: str, right: str) -> tuple[int, int, int]:
    """Place of the first step and the distance to the next."""
    if left and right:
        (x, y), (end, _) = place_of(model.steps[left]), place_of(model.steps[right])
        room = (end - x) // (count + 1)
        width = room if TIGHT <= room <= WIDTH else WIDTH
        return x + width, y, width
    if left:
        x, y = place_of(model.steps[left])
        return x + WIDTH, y, WIDTH
    if right:
        x, y = place_of(model.steps[right])
        return max(x - WIDTH * count, 0), y, WIDTH
    lowest = max((place_of(step)[1] + HEIGHT for step in model.steps.values()), default=START[1])
    return START[0], lowest, WIDTH


def _depths(part: Part) -> dict[str, int]:
    """Role -> number of hops from the farthest beginning."""
    depth = {made.role: 0 for made in part}
    for _ in part.steps:
        for source, target in part.hops:
            depth[target] = max(depth[target], min(depth[source] + 1, len(part.steps) - 1))
    return depth
