"""The ledger of documents: only what changed is parsed, nothing is dropped in silence."""

import os
from pathlib import Path

import pytest

from assets.knowledge import documents, parse
from assets.knowledge.documents import KEY, load_chunks
from core.errors import DocumentError
from tests.fakes.handbook import Handbook


def texts(handbook: Handbook, version: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for chunk in load_chunks(handbook.objects, version):
        found.setdefault(chunk.document, []).append(chunk.text)
    return found


@pytest.mark.covers("MLP-234")
def test_only_a_changed_document_is_parsed_again(empty_handbook: Handbook, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (empty_handbook.folder / f"{number}.md").write_text(f"# {number}\n\nText {number}.\n\n| a |\n|---|\n| 1 |\n")
    first = empty_handbook.read()
    assert len(first.parsed) == 5
    calls: list[str] = []
    original = parse.parse
    monkeypatch.setattr(parse, "parse", lambda path, name: calls.append(name) or original(path, name))
    (empty_handbook.folder / "3.md").write_text("# 3\n\nChanged.\n")
    (empty_handbook.folder / "4.md").unlink()
    (empty_handbook.folder / "new").mkdir()
    (empty_handbook.folder / "new" / "5.txt").write_text("Five.")
    second = empty_handbook.read()
    assert sorted(calls) == sorted(second.parsed) == ["3.md", "new/5.txt"]
    assert second.reused == ("0.md", "1.md", "2.md") and second.removed == ("4.md",)
    found = texts(empty_handbook, second.version)
    assert found["3.md"] == ["Changed."] and found["new/5.txt"] == ["Five."] and "4.md" not in found
    assert found["1.md"] == texts(empty_handbook, first.version)["1.md"]
    assert empty_handbook.read().version == second.version
    assert len(calls) == 2


def test_the_same_content_has_the_same_version(empty_handbook: Handbook, tmp_path: Path, models: Path) -> None:
    other = Handbook(tmp_path / "other")
    other.folder.mkdir(parents=True)
    for handbook in (empty_handbook, other):
        (handbook.folder / "a.md").write_text("# A\n\nText.")
    assert empty_handbook.read().version == other.read().version


@pytest.mark.covers("MLP-234")
def test_a_bad_document_is_reported_and_keeps_its_former_text(empty_handbook: Handbook) -> None:
    good, bad = empty_handbook.folder / "good.md", empty_handbook.folder / "bad.txt"
    good.write_text("# G\n\nGood.")
    bad.write_text("Former text.")
    empty_handbook.read()
    bad.write_bytes(bytes(range(256)))
    new = empty_handbook.folder / "scan.pdf"
    new.write_bytes(b"%PDF-1.7 nothing")
    built = empty_handbook.read()
    assert set(built.errors) == {"bad.txt", "scan.pdf"}
    assert "bad.txt: the text is neither UTF-8 nor GB18030" in built.errors["bad.txt"]
    assert texts(empty_handbook, built.version) == {"good.md": ["Good."], "bad.txt": ["Former text."]}
    bad.write_text("Mended.")
    new.unlink()
    built = empty_handbook.read()
    assert built.errors == {} and texts(empty_handbook, built.version)["bad.txt"] == ["Mended."]


def test_a_dropped_document_covers_one_of_the_same_name(empty_handbook: Handbook) -> None:
    (empty_handbook.folder / "a.md").write_text("# A\n\nOld.")
    empty_handbook.drops.mkdir(parents=True)
    (empty_handbook.drops / "a.md").write_text("# A\n\nDropped.")
    built = empty_handbook.read()
    assert texts(empty_handbook, built.version) == {"a.md": ["Dropped."]}
    (empty_handbook.drops / "a.md").unlink()
    assert texts(empty_handbook, empty_handbook.read().version) == {"a.md": ["Old."]}


def test_an_emptied_folder_does_not_empty_the_handbook(empty_handbook: Handbook) -> None:
    with pytest.raises(DocumentError, match="no documents in"):
        empty_handbook.read()
    (empty_handbook.folder / "a.md").write_text("# A\n\nText.")
    version = empty_handbook.read().version
    (empty_handbook.folder / "a.md").unlink()
    with pytest.raises(DocumentError, match="no documents in"):
        empty_handbook.read()
    assert empty_handbook.objects.alias(KEY, documents.CURRENT) == version


def test_links_out_hidden_and_unfinished_files_are_left_out(empty_handbook: Handbook, tmp_path: Path) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    folder = empty_handbook.folder
    (folder / "link.txt").symlink_to(outside)
    for name in (".hidden.md", "~$lock.md", "half.md.part", "x.tmp"):
        (folder / name).write_text("no")
    (folder / "table.xlsx").write_text("later")
    (folder / "a.md").write_text("# A\n\nText.")
    built = empty_handbook.read()
    assert list(built.ledger) == ["a.md"] and built.skipped == ("table.xlsx",)


def test_the_fingerprint_follows_names_sizes_and_times(empty_handbook: Handbook) -> None:
    path = empty_handbook.folder / "a.md"
    path.write_text("one")
    before = documents.source_version(empty_handbook.settings)
    assert documents.source_version(empty_handbook.settings) == before
    os.utime(path, ns=(1, 1))
    touched = documents.source_version(empty_handbook.settings)
    path.rename(path.with_name("b.md"))
    assert len({before, touched, documents.source_version(empty_handbook.settings)}) == 3
