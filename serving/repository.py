"""The versions of every endpoint in the object store, loaded on demand; the `live` alias says which one answers."""

import asyncio
import logging
import re
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from core.errors import HeddleError
from core.naming import Key, model_name
from resources.ports import Objects
from serving import package
from serving.errors import Refused
from serving.metrics import Metrics, VersionMetrics
from serving.package import Package

LIVE, PREVIOUS = "live", "previous"
KEPT = 4  # versions of a model held in memory beside the live and the previous one
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
log = logging.getLogger("heddle.endpoint")


@dataclass(frozen=True, eq=False, slots=True)
class Served:
    """A version in memory, ready to answer."""

    model: str
    version: str
    package: Package
    metrics: VersionMetrics


_UNSEEN = object()  # the stamp of an alias never looked at


@dataclass
class _Model:
    name: str
    key: Key
    stamp: Hashable = _UNSEEN  # of the live alias when it was last followed
    live: Served | None = None
    loaded: dict[str, Served] = field(default_factory=dict)  # least recently asked for first
    broken: dict[str, tuple[Hashable, str]] = field(default_factory=dict)  # version -> fingerprint, error
    error: str = ""  # why the version the alias names is not live
    following: asyncio.Task[None] | None = None


class Repository:
    """Answers which version serves a request. Its methods run on the event loop; loading runs in one thread."""

    def __init__(self, objects: Objects, metrics: Metrics) -> None:
        self.objects = objects
        self.metrics = metrics
        self._models: dict[str, _Model] = {}
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="load")
        self._loading: dict[tuple[str, str], asyncio.Task[Served]] = {}

    async def refresh(self) -> None:
        """Find new models, follow every alias, and load `previous` too, so that a rollback is instant."""
        self._scan()
        for model in list(self._models.values()):
            if model.error:
                model.stamp = _UNSEEN  # try again: the broken files may have been replaced
            following = self._follow(model)
            if following is not None:
                await following
            previous = self.objects.alias(model.key, PREVIOUS)
            if previous is not None and previous not in model.loaded and previous not in model.broken:
                try:
                    await self._load(model, previous)
                except Refused as error:
                    log.warning("previous version %s of %s: %s", previous, model.name, error.message)

    async def live(self, name: str) -> Served:
        """The live version.

        A changed alias counts from this request on if its version is in memory; otherwise the former version
        answers until the new one is loaded, and goes on if it cannot be.

        Raises:
            Refused: 404 for an unknown model, 503 when no version is live.
        """
        model = self._models.get(name) or self._found(name)
        if self.objects.alias_stamp(model.key, LIVE) != model.stamp:
            following = self._follow(model)
            if following is not None and model.live is None:
                await following
        if model.live is None:
            reason = model.error or "no version is live"
            raise Refused(503, f"model {name!r}: {reason}", f"materialize {model.key}")
        return model.live

    async def version(self, name: str, version: str) -> Served:
        """One version, live or not.

        Raises:
            Refused: 404 for an unknown model or version, 503 for one that cannot be loaded.
        """
        model = self._models.get(name) or self._found(name)
        served = model.loaded.get(version)
        if served is None:
            return await self._load(model, version)
        if served is not model.live:
            model.loaded[version] = model.loaded.pop(version)
        return served

    def names(self) -> list[str]:
        """All models, live or not."""
        self._scan()
        return sorted(self._models)

    def versions(self, name: str) -> list[str]:
        """The versions of a model in the store, oldest first."""
        return self.objects.versions((self._models.get(name) or self._found(name)).key)

    def problem(self, name: str) -> str:
        """Why the version that the alias names is not the one that answers; empty when it is."""
        return (self._models.get(name) or self._found(name)).error

    def close(self) -> None:
        """Stop the loader."""
        self._loader.shutdown(wait=False, cancel_futures=True)

    def _follow(self, model: _Model) -> asyncio.Task[None] | None:
        """Switch to the version the alias names, or return the task that loads it first."""
        stamp = self.objects.alias_stamp(model.key, LIVE)
        if stamp == model.stamp or model.following is not None:
            return model.following
        wanted = self.objects.alias(model.key, LIVE)
        if wanted is None or wanted in model.loaded:
            self._switch(model, model.loaded[wanted] if wanted else None, stamp)
            return None
        model.following = asyncio.get_running_loop().create_task(self._load_and_switch(model, wanted, stamp))
        return model.following

    async def _load_and_switch(self, model: _Model, wanted: str, stamp: Hashable) -> None:
        try:
            self._switch(model, await self._load(model, wanted), stamp)
        except Refused as error:  # the former version, if any, goes on
            model.stamp = stamp
            model.error = f"version {wanted} cannot go live: {error.message}"
        finally:
            model.following = None

    def _switch(self, model: _Model, served: Served | None, stamp: Hashable) -> None:
        old, model.live, model.stamp, model.error = model.live, served, stamp, ""
        if old is not served:
            new = served.version if served else None
            self.metrics.live(model.name, old.version if old else None, new)
            log.info("model %s: live version %s (was %s)", model.name, new, old.version if old else None)

    async def _load(self, model: _Model, version: str) -> Served:
        """Load a version once, however many ask for it at the same time."""
        if not _VERSION.fullmatch(version):
            raise Refused(404, f"{version!r} is not a version of model {model.name!r}", self._known(model))
        task = self._loading.get((model.name, version))
        if task is None:
            task = asyncio.get_running_loop().create_task(self._load_now(model, version))
            self._loading[model.name, version] = task
            task.add_done_callback(lambda _: self._loading.pop((model.name, version), None))
        return await asyncio.shield(task)

    async def _load_now(self, model: _Model, version: str) -> Served:
        try:
            folder = self.objects.path(model.key, version)
        except HeddleError:
            raise Refused(404, f"model {model.name!r} has no version {version!r}", self._known(model)) from None
        mark = package.fingerprint(folder)
        if version in model.broken and model.broken[version][0] == mark:
            raise Refused(503, model.broken[version][1])
        try:
            loaded = await asyncio.get_running_loop().run_in_executor(self._loader, package.load, folder)
        except HeddleError as error:
            model.broken[version] = (mark, str(error).replace("\n  ", ". "))
            self.metrics.load_error(model.name)
            log.error("model %s version %s: %s", model.name, version, error)
            raise Refused(503, model.broken[version][1]) from None
        model.broken.pop(version, None)
        served = Served(model.name, version, loaded, self.metrics.version(model.name, version))
        model.loaded[version] = served
        self._evict(model)
        return served

    def _evict(self, model: _Model) -> None:
        held = {self.objects.alias(model.key, LIVE), self.objects.alias(model.key, PREVIOUS)}
        free = [v for v, served in model.loaded.items() if v not in held and served is not model.live]
        for version in free[:-KEPT]:
            del model.loaded[version]

    def _found(self, name: str) -> _Model:
        self._scan()
        if name not in self._models:
            known = ", ".join(sorted(self._models)) or "none yet: materialize an endpoint"
            raise Refused(404, f"there is no model {name[:100]!r}", f"the models are: {known}")
        return self._models[name]

    def _known(self, model: _Model) -> str:
        return f"its versions are: {', '.join(self.objects.versions(model.key)) or 'none'}"

    def _scan(self) -> None:
        for key in self.objects.keys("endpoint"):
            self._models.setdefault(model_name(key), _Model(model_name(key), key))
