"""Feature views from the YAML files of a folder, one view a file."""

from pathlib import Path

from assets.documents import read_all, saved
from assets.features.registry.model import FeatureView
from core.settings import Settings

FOLDER = "features"  # under HEDDLE_CATALOG_FILES


def load_views(settings: Settings) -> dict[str, FeatureView]:
    """All views of the project by name, sorted; empty where there is no folder.

    Raises:
        SourceError: names the file and field that is wrong.
    """
    return read_all(settings.catalog_files / FOLDER, FeatureView)


def write(folder: Path, view: FeatureView) -> Path:
    """Writes a view's file beside and renames it in place."""
    path = folder / f"{view.name}.yaml"
    saved(path, view.model_dump(mode="json", exclude_defaults=True))
    return path
