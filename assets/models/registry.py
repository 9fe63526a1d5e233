"""Versions of a model in two places: MLflow's registry, for people, and the object store, which decides.

The object store's alias `champion` is what endpoints follow. MLflow's alias of the same name is moved first and
brought back in line by `reconcile`, so a process killed in between leaves the former champion in service.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.naming import Key, model_name
from core.signature import Signature

if TYPE_CHECKING:
    from resources.ports import Objects

CHAMPION, CHALLENGER = "champion", "challenger"
INPUTS, IDENTITY = "inputs", "identity"  # version tags: what it was trained from, and what came out
CHECK = "check"
KEEP = 5


class Registry:
    """The versions of one model. `mlflow` is the module, already set to a store (ports.Tracking.open)."""

    def __init__(self, mlflow: Any, objects: "Objects", key: Key) -> None:
        self.mlflow = mlflow
        self.client = mlflow.MlflowClient()
        self.objects = objects
        self.key = key
        self.name = model_name(key)

    def find(self, tag: str, value: str) -> str | None:
        """The newest MLflow version that carries a tag, with or without a package."""
        found = self.client.search_model_versions(f"name = '{self.name}'", max_results=1000)
        matching = [int(v.version) for v in found if v.tags.get(tag) == value]
        return str(max(matching)) if matching else None

    def package(self, version: str | None, identity: str | None = None) -> Path | None:
        """The package folder of a version, or None when there is none (or it is another model's)."""
        if version is None or version not in self.objects.versions(self.key):
            return None
        folder = self.objects.path(self.key, version)
        return folder if identity in (None, _identity(folder)) else None

    def add(self, model_uri: str, run_id: str, identity: str, tags: Mapping[str, str], description: str) -> str:
        """A version number for a model that a run logged; one that a killed run registered is taken up again.

        Where the tracking store was begun anew, its numbers start at 1 again: those that the object store has
        used for other models are passed over.
        """
        known = self.find(IDENTITY, identity)
        if known is not None:
            return known
        if not self.client.search_registered_models(f"name = '{self.name}'"):
            self.client.create_registered_model(self.name, tags={"asset": str(self.key)})
        while True:
            # the client, because mlflow.register_model prints
            created = self.client.create_model_version(
                self.name,
                model_uri,
                run_id,
                tags={**tags, IDENTITY: identity},
                description=description,
                model_id=model_uri.removeprefix("models:/"),
            )
            version = str(created.version)
            if version not in self.objects.versions(self.key) or self.package(version, identity) is not None:
                return version
            self.client.delete_model_version(self.name, version)

    def publish(self, version: str, build: Callable[[Path], None]) -> Path:
        """Write the package, make it the challenger, and remove the oldest packages that no alias names."""
        folder = self.objects.write(self.key, version, build)
        self.challenge(version)
        self.objects.prune(self.key, KEEP)
        return folder

    def challenge(self, version: str) -> None:
        """Point the challenger aliases at a version with a package."""
        self.objects.set_alias(self.key, CHALLENGER, version)
        self.client.set_registered_model_alias(self.name, CHALLENGER, version)

    def promote(self, version: str) -> None:
        """Make a version that passed its check the champion; the last step is the one that counts."""
        self.client.set_model_version_tag(self.name, version, CHECK, "passed")
        self.client.set_registered_model_alias(self.name, CHAMPION, version)
        self.objects.set_alias(self.key, CHAMPION, version)

    def refuse(self, version: str, reasons: str) -> None:
        """Note on a version why it may not become champion; no alias moves."""
        self.client.set_model_version_tag(self.name, version, CHECK, f"refused: {reasons}"[:5000])

    def champion(self) -> Path | None:
        """The champion's package."""
        return self.package(self.objects.alias(self.key, CHAMPION))

    def reconcile(self) -> str | None:
        """Bring MLflow's champion alias back to the object store's; returns the champion's version."""
        champion = self.objects.alias(self.key, CHAMPION)
        found = self.client.search_model_versions(f"name = '{self.name}'", max_results=1000)
        aliases = self.client.get_registered_model(self.name).aliases if found else {}
        if not found or str(aliases.get(CHAMPION)) == str(champion):
            return champion
        if champion is None:
            self.client.delete_registered_model_alias(self.name, CHAMPION)
        elif champion in {str(v.version) for v in found}:
            self.client.set_registered_model_alias(self.name, CHAMPION, champion)
        return champion


def _identity(folder: Path) -> str | None:
    try:
        return Signature.model_validate_json((folder / "signature.json").read_bytes()).metadata.get(IDENTITY)
    except (OSError, ValueError):
        return None
