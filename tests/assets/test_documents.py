"""YAML records: what is wrong is told with file and field; decisions name a person; writing keeps order and letters."""

from datetime import datetime
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, field_validator

from assets.documents import decision, loaded, saved, shaped
from core.errors import SourceError, StoreError


class Pair(BaseModel):
    """Two numbers."""

    left: int
    right: int = Field(0, ge=0)

    @field_validator("left")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("is odd")
        return value


@pytest.mark.parametrize("text", [b"{", b"a: \xff", b"[" * 5_000, b"a: 2024-13-45", b"[" * 200_000 + b"]" * 200_000])
def test_what_cannot_be_read_is_told_with_its_file(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(text)
    with pytest.raises(SourceError, match=r"a\.yaml cannot be read"):
        loaded(path)
    with pytest.raises(SourceError, match=r"b\.yaml cannot be read"):
        loaded(tmp_path / "b.yaml")


@pytest.mark.parametrize("last", ["b: *a8", "b: &b [1, *b]", "b: &b {x: {y: *b}}"])
def test_aliases_without_measure_are_refused(tmp_path: Path, last: str) -> None:
    path = tmp_path / "a.yaml"
    lines = ["a0: &a0 [x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
    path.write_text("\n".join([*(lines if "a8" in last else []), last]))
    with pytest.raises(SourceError, match="its aliases stand for more than"):
        loaded(path)
    path.write_text("a: &a [1, 2]\nb: [*a, *a]\n")
    assert loaded(path) == {"a": [1, 2], "b": [[1, 2], [1, 2]]}


@pytest.mark.parametrize(
    ("content", "told"),
    [({"left": 1}, "field left: is odd"), ({"left": 2, "right": -1}, "field right: "), (3, r"field \(the whole\)")],
)
def test_wrong_fields_are_told(content: object, told: str) -> None:
    with pytest.raises(SourceError, match=f"there: {told}") as error:
        shaped(content, Pair, "there")
    assert "left, right" in error.value.fix
    with pytest.raises(SourceError) as error:
        shaped(content, Pair, "there", "do this")
    assert error.value.fix == "do this"


def test_errors_are_of_the_kind_that_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none\.yaml cannot be read"):
        loaded(tmp_path / "none.yaml", StoreError)
    with pytest.raises(StoreError, match="there: field left: is odd"):
        shaped({"left": 1}, Pair, "there", refusal=StoreError)


def test_saved_as_given(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.yaml"
    saved(path, {"z": "中文", "a": [1]}, "# head\n")
    assert path.read_text(encoding="utf-8") == "# head\nz: 中文\na:\n- 1\n" and loaded(path) == {"z": "中文", "a": [1]}


def test_a_decision_names_a_person() -> None:
    made = decision("accepted", " ann ", "why")
    assert made | {"at": ""} == {"status": "accepted", "by": "ann", "at": "", "note": "why"}
    assert datetime.fromisoformat(made["at"]).utcoffset() is not None
    assert "note" not in decision("refused", "ann")
    with pytest.raises(SourceError, match="needs a person"):
        decision("accepted", "  ")
