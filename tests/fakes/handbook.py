"""A home with the handbook's index built and published once; tests that change something copy it."""

import shutil
from pathlib import Path

import pytest
import yaml

from assets.knowledge import documents, index, publish
from assets.knowledge.search import HandbookIndex
from core.settings import PROJECT, Settings, load
from resources import open as ports
from resources.ports import Objects, Vectors


class Handbook:
    """Settings over a folder of documents, and the stores they name."""

    def __init__(self, root: Path, **fields: str) -> None:
        values = {"home": str(root / "home"), "handbook": str(root / "handbook")} | fields
        self.settings: Settings = load({f"HEDDLE_{k.upper()}": v for k, v in values.items()}, project=root)
        self.folder = self.settings.handbook
        self.drops = self.settings.drops / "handbook"

    @property
    def objects(self) -> Objects:
        return ports.objects(self.settings)

    @property
    def vectors(self) -> Vectors:
        return ports.vectors(self.settings)

    def read(self) -> documents.Built:
        return documents.build(self.settings, self.objects)

    def build(self) -> index.BuiltIndex:
        return index.build(self.settings, self.objects, self.vectors)

    def publish(self) -> publish.Verdict:
        return publish.publish(self.settings, self.objects, self.vectors)

    def live(self) -> HandbookIndex:
        return HandbookIndex.live(self.settings, self.objects)


@pytest.fixture
def empty_handbook(tmp_path: Path, models: Path) -> Handbook:
    """An empty folder of documents and no questions."""
    handbook = Handbook(tmp_path)
    handbook.folder.mkdir()
    handbook.settings.home.mkdir()
    (handbook.settings.home / "models").symlink_to(models)
    return handbook


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Handbook:
    """The project's own handbook, indexed and live. Not to be changed."""
    root = tmp_path_factory.mktemp("published")
    shutil.copytree(PROJECT / "examples" / "handbook", root / "handbook")
    shutil.copy(PROJECT / "examples" / "handbook_questions.yaml", root)
    (root / "home").mkdir()
    (root / "home" / "models").symlink_to(models)
    handbook = Handbook(root)
    handbook.read()
    handbook.build()
    assert handbook.publish().passed
    return handbook


SMALL = ("metrics.md", "returns.html", "门店运营常见问题.html")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """The root of a handbook of three documents and the questions about them, indexed and live."""
    root = tmp_path_factory.mktemp("small")
    (root / "handbook").mkdir()
    for name in SMALL:
        shutil.copy(PROJECT / "examples" / "handbook" / name, root / "handbook")
    questions = yaml.safe_load((PROJECT / "examples" / "handbook_questions.yaml").read_text(encoding="utf-8"))
    kept = [q for q in questions["questions"] if q.get("document") in SMALL]
    (root / "handbook_questions.yaml").write_text(yaml.safe_dump({"questions": kept}), encoding="utf-8")
    (root / "home").mkdir()
    (root / "home" / "models").symlink_to(models)
    handbook = Handbook(root)
    handbook.read()
    handbook.build()
    assert handbook.publish().passed
    return root


@pytest.fixture
def copied(small: Path, tmp_path: Path) -> Handbook:
    """A copy of the small handbook that a test may change."""
    shutil.copytree(small, tmp_path, dirs_exist_ok=True, symlinks=True)
    return Handbook(tmp_path)
