"""Feature views from the YAML files of a folder, one view a file."""

from pathlib import Path
from typing import Any

from assets.features.registry.model import FeatureView
from core.atomic import write_text
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
    import yaml
    from pydantic import ValidationError

    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SourceError(f"{path} cannot be read: {error}", "correct the file") from None
    try:
        view = FeatureView.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "(the whole)"
        message = first["msg"].removeprefix("Value error, ")
        known = ", ".join(FeatureView.model_fields)
        raise SourceError(f"{path}: field {field}: {message}", f"the fields are {known}") from None
    if view.name != path.stem:
        raise SourceError(f"{path}: field name: {view.name!r} is not the file's name", f"call it {view.name}.yaml")
    return view


def write(folder: Path, view: FeatureView) -> Path:
    """Writes a view's file beside and renames it in place."""
    import yaml

    path = folder / f"{view.name}.yaml"
    content = view.model_dump(mode="json", exclude_defaults=True)
    write_text(path, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return path
