"""Settings as flat paths and texts, so that two versions can be compared."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from assets.kettle.files.passwords import has_variable, is_secret_name

MASK = "***"
ORDER = "[order]"
BETWEEN = "\x1f"
# what tells one repeated element from its neighbours
_KEYS = ("name", "code", "id", "field", "stream_name", "rename", "key", "column_name", "field_name")
_CODE = re.compile(r"attribute\[([^\]]+)\]")
_IN_TEXT = re.compile(r"((?:password|passwd|pwd|secret)\s*=\s*)[^;&\s'\"]+", re.IGNORECASE)
_IN_URL = re.compile(r"(://[^:/@\s]+:)[^@/\s]+@")


def flatten(element: Any, skip: Collection[str] = ()) -> dict[str, str]:
    """Path -> text of everything with a text below an element, such as "fields/field[amount]/type".

    Elements of a list are told apart by their name where each has its own (then "fields/field[order]" holds the names
    in order), else by number from 1. What is absent and what is empty are the same, as they are to Kettle, except in
    a list. Direct children named in `skip` are left out.
    """
    return dict(_walk(element, "", skip))


def _walk(element: Any, path: str, skip: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    children = [child for child in element if isinstance(child.tag, str) and child.tag not in skip]
    counts = Counter(child.tag for child in children)
    labels: dict[str, list[str]] = {}
    for tag, count in counts.items():
        if count > 1 or element.tag in (f"{tag}s", f"{tag}es"):
            labels[tag], keyed = _labels([child for child in children if child.tag == tag])
            if keyed and count > 1:
                yield f"{path}{tag}{ORDER}", BETWEEN.join(labels[tag])
    seen: Counter[str] = Counter()
    for child in children:
        here = f"{path}{child.tag}"
        if child.tag in labels:
            here = f"{here}[{labels[child.tag][seen[child.tag]]}]"
            seen[child.tag] += 1
        inner = list(_walk(child, f"{here}/"))
        text = child.text or ""
        if inner:
            yield from inner
        elif child.tag in labels or (text if len(child) == 0 else text.strip()):
            yield here, text


def _labels(elements: list[Any]) -> tuple[list[str], bool]:
    """One label for each of the elements of one tag, and whether the labels are names."""
    for key in _KEYS:
        texts = [element.findtext(key) or "" for element in elements]
        if all(texts) and len(set(texts)) == len(texts):
            return texts, True
    return [str(number) for number in range(1, len(elements) + 1)], False


def masked(path: str, text: str) -> str:
    """The text as it may be shown: passwords and keys by their path, and those inside connection strings, hidden."""
    tag = path.rpartition("/")[2].partition("[")[0]
    code = _CODE.search(path)
    if text and not has_variable(text) and (is_secret_name(tag) or (code and is_secret_name(code[1]))):
        return MASK
    return _IN_URL.sub(rf"\1{MASK}@", _IN_TEXT.sub(rf"\1{MASK}", text))
