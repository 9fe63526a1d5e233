"""What every page needs: the catalogue, the lineage graph, who reads, and the templates."""

import logging
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.catalog.card import Card, card
from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.facts import KIND as ASSET
from assets.catalog.lineage.store import LineageStore
from assets.catalog.metrics.book import MetricBook
from assets.catalog.people import sees, teams
from assets.catalog.relate import related
from assets.catalog.relations.model import End, Relation
from assets.catalog.semantics import registry
from assets.catalog.store.versions import Versions
from assets.catalog.uses import use
from assets.security.access.access import Access
from assets.security.access.previews import of_card
from assets.security.access.warehouse import GuardedWarehouse
from core.errors import HeddleError
from core.settings import Settings
from resources.open import warehouse as open_warehouse
from serving.studio.queries import Queries
from serving.studio.results import Results
from serving.studio.shelf import Listing, Shelf
from serving.studio.texts import MissingError

if TYPE_CHECKING:
    import jinja2

    from assets.catalog.semantics.registry import Registry

HERE = Path(__file__).parent
log = logging.getLogger(__name__)


class Studio:
    """One catalogue as one person sees it.

    Args:
        who: the reader; what they write carries this name, and private entries of others are not shown.
    """

    def __init__(self, settings: Settings, versions: Versions, who: str) -> None:
        self.settings, self.versions, self.who = settings, versions, who
        self.token = secrets.token_urlsafe(24)  # of forms; another one after each start
        self._later = ThreadPoolExecutor(1, "looks")
        self.shelf = Shelf(settings, versions, who)
        self.results = Results()
        self.queries = Queries(settings, versions, who, self.shelf)

    @cached_property
    def lineage(self) -> LineageStore:
        """The lineage graph of the same database."""
        return LineageStore(self.settings.catalog)

    @property
    def metrics(self) -> MetricBook:
        """The metric records."""
        return MetricBook(self.settings, self.versions)

    @property
    def dimensions(self) -> DimensionBook:
        """The dimension tables."""
        return DimensionBook(self.settings, self.versions, "studio", self.access("dimension"))

    def access(self, entry: str, purpose: str = "") -> Access:
        """What the reader may see of tables; `entry` names the page for the log."""
        return Access(self.settings, self.versions, self.who, purpose, entry=f"studio {entry}")

    def warehouse(self, entry: str, *, gaps: bool = False) -> GuardedWarehouse:
        """The warehouse as the reader may see it; with `gaps` columns that are hidden are there and NULL."""
        return GuardedWarehouse(open_warehouse(self.settings), self.access(entry), gaps=gaps)

    @property
    def types(self) -> "Registry":
        """The semantic types."""
        return registry.load(self.settings.catalog_files)

    @cached_property
    def templates(self) -> "jinja2.Environment":
        """Templates that escape every value and refuse unknown names."""
        import jinja2

        loader = jinja2.FileSystemLoader(HERE / "templates")
        return jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )

    def card(self, key: str) -> Card:
        """The card of an entry that the reader may see.

        Raises:
            MissingError: there is none, or it is private to others; with the nearest keys.
        """
        listing = self.shelf.listing()
        canonical = listing.tables.get(key, key)
        known = canonical if canonical in listing.by_key else key
        if known not in listing.by_key or not (listing.sees(key) and listing.sees(known)):
            raise MissingError(key, listing.near(key))
        try:
            found = card(self.versions, key, listing.below)
        except HeddleError:  # it went since the list was made
            raise MissingError(key, listing.near(key)) from None
        if not self.may_see(found):
            raise MissingError(key, listing.near(key))
        return of_card(found, self.access("card"))

    def may_see(self, found: Card) -> bool:
        """Whether the reader may see an entry as it is now, though the list be a moment old."""
        return sees(self.who, teams(self.settings.catalog_files))(found.tags, found.owners)

    def looked(self, asset: str) -> None:
        """Counts a look at an asset, later: nobody waits for a scan that is just writing."""
        self._later.submit(self._count, asset)

    def _count(self, asset: str) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            use(self.versions, ASSET, {asset: 1}, "look")
        except SQLAlchemyError:  # a database that is busy for long, or gone: a count less
            log.warning("a look at %s was not counted", asset, exc_info=True)

    def relations(self, listing: Listing) -> list[Relation]:
        """The relations between tables that the reader may see."""
        found = related(self.versions, self.settings)
        return [r for r in found if listing.sees(table_of(r.child)) and listing.sees(table_of(r.parent))]

    def render(self, template: str, **values: Any) -> str:
        """A page as HTML."""
        return self.templates.get_template(template).render(**values)


def table_of(end: End) -> str:
    """The catalogue's key of the table at one end of a relation."""
    return f"{end.source}/{end.table}"
