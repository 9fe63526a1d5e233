"""The bundling executor's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import dagster as dg

Keep = Literal["journal", "memory"]  # when values inside a bundle are kept for a retry
PLACES = ("process", "worker", "k8s", "ray")
EXECUTOR_TAG = "heddle/executor"  # op or asset tag: one of PLACES
PLACE_TAG = "place"  # asset tag of the conventions: light, heavy or gpu; `places` says where each goes
BUNDLE_TAG = "heddle/bundle"  # op or asset tag: steps of one name share a worker


@dataclass(frozen=True)
class Options:
    """What `config_schema` describes, resolved."""

    place: str = "worker"
    places: Mapping[str, str] = field(default_factory=dict)
    max_concurrent: int = 4
    keep: Keep = "journal"
    scratch: str = ""
    poll_seconds: float = 0.2
    look_seconds: float = 5.0
    start_seconds: float = 300.0
    lost_seconds: float = 300.0
    stop_seconds: float = 15.0
    k8s: Mapping[str, Any] = field(default_factory=dict)
    ray: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.max_concurrent < 1:
            raise dg.DagsterInvalidDefinitionError("executor config max_concurrent: must be at least 1")

    def place_of(self, tags: Mapping[str, str]) -> str:
        """The place of a step with these op and asset tags."""
        place = tags.get(EXECUTOR_TAG) or self.places.get(tags.get(PLACE_TAG, ""), self.place)
        if place not in PLACES:
            raise dg.DagsterInvalidDefinitionError(f"tag {EXECUTOR_TAG}={place}: use one of {', '.join(PLACES)}")
        return place


def config_schema(given: Options) -> dict[str, dg.Field]:
    """The executor's config in Dagster's terms.

    Args:
        given: the defaults.
    """
    free: Any = dg.Permissive  # untyped in Dagster, as is Map
    by_name: Any = dg.Map
    place = dg.Enum("HeddlePlace", [dg.EnumValue(name) for name in PLACES])
    return {
        "retries": dg.Field(bool, default_value=True, description="Whether steps follow their retry policies."),
        "place": dg.Field(place, default_value=given.place, description="Where steps run whose tags say nothing."),
        "places": dg.Field(
            by_name(str, place),
            default_value=dict(given.places),
            description="Place for each value of the asset tag `place`.",
        ),
        "max_concurrent": dg.Field(int, default_value=given.max_concurrent, description="Bundles at one time."),
        "keep": dg.Field(
            dg.Enum("HeddleKeep", [dg.EnumValue("journal"), dg.EnumValue("memory")]),
            default_value=given.keep,
            description="When values inside a bundle are kept for a retry: each at once, or only after a failure.",
        ),
        "scratch": dg.Field(
            dg.StringSource,
            default_value=given.scratch,
            description="Folder or fsspec URL of the journal, shared by all places; default: beside the instance.",
        ),
        "poll_seconds": dg.Field(
            float, default_value=given.poll_seconds, description="Between reads of the event log."
        ),
        "look_seconds": dg.Field(
            float, default_value=given.look_seconds, description="Between looks at a remote worker."
        ),
        "start_seconds": dg.Field(
            float, default_value=given.start_seconds, description="For a remote worker to start."
        ),
        "lost_seconds": dg.Field(
            float,
            default_value=given.lost_seconds,
            description="Without an answer before a remote worker counts as lost.",
        ),
        "stop_seconds": dg.Field(
            float, default_value=given.stop_seconds, description="For a worker to end when told to."
        ),
        "k8s": dg.Field(free(), default_value=dict(given.k8s), description="Kubernetes: see docs/executors.md."),
        "ray": dg.Field(free(), default_value=dict(given.ray), description="Ray: see docs/executors.md."),
    }
