"""Sources as they are now: their tables, the live structure of one, actions on it, and what was done to it."""

from assets.catalog.model import TableInfo
from assets.catalog.record import current
from assets.catalog.remote.actions import ACTIONS, act, browse, log
from assets.catalog.scan.sources import load_sources
from core.errors import HeddleError
from serving.studio.fields import AgainError, status_of
from serving.studio.forms import Form
from serving.studio.pages.metric import tried
from serving.studio.texts import MissingError
from serving.studio.visit import Visit, link

PAGE = 100
MOST_LOG = 50
NOW = tuple(name for name, action in ACTIONS.items() if action.plan is None)  # done at once, without DDL


def listed(visit: Visit) -> str:
    """The sources that are configured."""
    found = [(s.name, _kind(s.url), s.owner, s.description) for s in load_sources(visit.studio.settings)]
    return visit.page("sources.html", visit.say("sources"), found=found)


def page(visit: Visit) -> str:
    """The tables of the source `?name=` as they are there now; `&q=&page=`."""
    name, studio = visit["name"], visit.studio
    if name not in {s.name for s in load_sources(studio.settings)}:
        raise MissingError(name)
    listing = studio.shelf.listing()
    none: list[TableInfo] = []
    tables, refused = tried(lambda: browse(studio.settings, name), none)
    words = visit["q"].lower().split()
    fitting = sorted(
        (t for t in tables if listing.sees(f"{name}/{t.path}") and all(w in t.path.lower() for w in words)),
        key=lambda t: t.path,
    )
    number = visit.number("page", 1)
    return visit.page(
        "source.html",
        name,
        tables=fitting[(number - 1) * PAGE : number * PAGE],
        total=len(fitting),
        number=number,
        more=len(fitting) > number * PAGE,
        refused=refused,
        known=listing,
    )


def table(visit: Visit) -> str:
    """The table `?key=source/path` as it is now, with its actions and their log."""
    return _table(visit, visit["key"], "", "")


def act_now(visit: Visit, form: Form) -> str:
    """Refreshes or counts a table.

    Raises:
        AgainError: the source refuses.
    """
    key, studio = form.get("key", ""), visit.studio
    check(visit, key)
    try:
        if form.get("action") not in NOW:
            raise HeddleError(f"no action {form.get('action', '')[:50]!r}", f"there are: {', '.join(NOW)}")
        done = act(studio.settings, studio.versions, key, form["action"], {}, studio.who)
    except HeddleError as error:
        raise AgainError(_table(visit, key, error.what, error.fix), status_of(error)) from None
    return link("/remote", key=key, rows=done.rows)


def check(visit: Visit, key: str) -> tuple[str, str]:
    """Source and path of a key that the reader may see. Raises MissingError."""
    source, _, path = key.partition("/")
    known = {s.name for s in load_sources(visit.studio.settings)}
    if source not in known or not path or not visit.studio.shelf.listing().sees(key):
        raise MissingError(key)
    return source, path


def _table(visit: Visit, key: str, problem: str, fix: str) -> str:
    source, path = check(visit, key)
    studio = visit.studio
    none: list[TableInfo] = []
    found, refused = tried(lambda: browse(studio.settings, source, path), none)
    live = next((t for t in found if t.path == path), None)
    known = current(studio.versions, key)
    columns = {c.name: c for c in known.table.columns} if known else {}
    return visit.page(
        "remote.html",
        key,
        key=key,
        source=source,
        live=live,
        columns=columns,
        gone=[n for n in columns if live and all(n != c.name for c in live.columns)],
        known=known,
        problem=problem or refused,
        fix=fix,
        log=log(studio.versions, key)[::-1][:MOST_LOG],
        actions=NOW,
    )


def _kind(url: str) -> str:
    """The engine of a URL; nothing that may be secret."""
    scheme = url.partition(":")[0]
    return scheme if not url.startswith("$") else url.partition("}")[0].removeprefix("${").partition(":")[0]
