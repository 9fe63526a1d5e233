"""The studio's JSON routes: metric records, dimension tables and SQL."""

from typing import TYPE_CHECKING

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.metrics.book import MetricBook
from serving.dimension_routes import dimension_routes
from serving.lab_routes import lab_routes
from serving.metric_routes import metric_routes

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

    from serving.studio.studio import Studio


def api_routes(studio: "Studio") -> "list[Route]":
    """Everything under /api, done in the name of who runs the studio."""

    def who(_request: "Request") -> str:
        return studio.who

    return [
        *metric_routes(lambda: MetricBook(studio.settings, studio.versions), who),
        *dimension_routes(lambda: DimensionBook(studio.settings, studio.versions, "api", studio.access("api")), who),
        *lab_routes(lambda: studio.queries),
    ]
