"""Feature views from the YAML files of a folder, one view a file."""

from pathlib import Path

from assets.documents import loaded, saved, shaped
from assets.features.registry.model import FeatureView
from core.errors import SourceError
from core.settings import Settings

FOLDER = "features"  # under HEDDLE_CATALOG_FILES


def load_views(settings: Settings) -> dict[str, FeatureView]:
    """All views of the project by name, sorted; empty where there is no folder.

    Raises:
        SourceError: names the file and field that is wrong.
    """
    return {p.stem: read(p) for p in sorted((settings.catalog_files / FOLDER).glob("*.yaml"))}


def read(path: Path) -> FeatureView:
    """One view.

    Raises:
        SourceError: it is no YAML, a field is wrong, or the file has another name than the view.
    """
    view = shaped(loaded(path), FeatureView, str(path))
    if view.name != path.stem:
        raise SourceError(f"{path}: field name: {view.name!r} is not the file's name", f"call it {view.name}.yaml")
    return view


def write(folder: Path, view: FeatureView) -> Path:
    """Writes a view's file beside and renames it in place."""
    path = folder / f"{view.name}.yaml"
    saved(path, view.model_dump(mode="json", exclude_defaults=True))
    return path
