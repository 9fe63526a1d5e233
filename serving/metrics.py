"""Prometheus metrics of the endpoint server. Label children are looked up once per version, not per request."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
LABELS = ("model", "version")


@dataclass(frozen=True, slots=True)
class VersionMetrics:
    """The metrics of one model version."""

    requests: Counter
    rows: Counter
    seconds: Histogram


class Metrics:
    """All metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "heddle_endpoint_requests", "Inference requests answered with 200.", LABELS, registry=self.registry
        )
        self._rows = Counter("heddle_endpoint_rows", "Rows scored.", LABELS, registry=self.registry)
        self._seconds = Histogram(
            "heddle_endpoint_seconds",
            "Time from the request's headers to its answer.",
            LABELS,
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._unknown = Counter(
            "heddle_endpoint_unknown_categories",
            "Category values the model has not seen in training, scored as unknown.",
            ("model", "version", "input"),
            registry=self.registry,
        )
        self._errors = Counter(
            "heddle_endpoint_errors", "Requests refused or failed, by HTTP status.", ("status",), registry=self.registry
        )
        self._load_errors = Counter(
            "heddle_endpoint_load_errors", "Versions that could not be loaded.", ("model",), registry=self.registry
        )
        self._live = Gauge("heddle_endpoint_live", "1 for the version that is live.", LABELS, registry=self.registry)

    def version(self, model: str, version: str) -> VersionMetrics:
        """The label children of one version."""
        labels = (model, version)
        return VersionMetrics(self._requests.labels(*labels), self._rows.labels(*labels), self._seconds.labels(*labels))

    def unknown(self, model: str, version: str, counts: dict[str, int]) -> None:
        """Count unknown category values by input name."""
        for name, count in counts.items():
            self._unknown.labels(model, version, name).inc(count)

    def error(self, status: int) -> None:
        """Count a refused request. It carries no model label: the name in a bad request is anybody's text."""
        self._errors.labels(str(status)).inc()

    def load_error(self, model: str) -> None:
        """Count a failed load."""
        self._load_errors.labels(model).inc()

    def live(self, model: str, old: str | None, new: str | None) -> None:
        """Say which version is live now."""
        if old is not None:
            self._live.remove(model, old)
        if new is not None:
            self._live.labels(model, new).set(1)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
