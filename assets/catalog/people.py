"""Who may see which entry: an entry tagged `private` is seen by its owners and the members of its owning teams only.

Teams are in `teams.yaml` of HEDDLE_CATALOG_FILES, kept in git: `team:shop: [ann, bob]`.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from assets.documents import loaded
from core.errors import SourceError

FILE = "teams.yaml"
PRIVATE = "private"


def teams(folder: Path) -> dict[str, frozenset[str]]:
    """Team -> members; none where there is no file.

    Raises:
        SourceError: it is no mapping of teams to lists of names.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    content = loaded(path)
    if not isinstance(content, dict) or not all(
        isinstance(k, str) and isinstance(v, list) and all(isinstance(n, str) for n in v) for k, v in content.items()
    ):
        raise SourceError(f"{path} maps no teams to lists of names", "write lines such as `team:shop: [ann, bob]`")
    return {team: frozenset(names) for team, names in content.items()}


def sees(who: str, members: Mapping[str, frozenset[str]]) -> Callable[[Iterable[str], Iterable[str]], bool]:
    """A test of (tags, owners): whether a person may see an entry."""
    mine = {who, *(team for team, names in members.items() if who in names)}
    return lambda tags, owners: PRIVATE not in set(tags) or bool(mine & set(owners))
