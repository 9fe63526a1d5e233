"""Where the retail files are, which weeks they hold and whether they changed. Standard library until a file is read."""

from datetime import date, timedelta
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from assets.sources.retail_tables import FIRST_WEEK
from core.errors import SettingsError, SourceError
from core.hashing import digest
from core.settings import Settings

WHEEL = "wheel:"
SUFFIXES = (".parquet", ".csv")


def folder(settings: Settings) -> Path:
    """The folder of the source's Parquet files; a `wheel:` package is located without importing it.

    Raises:
        SettingsError: the package is not installed or the folder does not exist.
    """
    if not settings.retail.startswith(WHEEL):
        found = Path(settings.retail).expanduser()
    else:
        package = settings.retail.removeprefix(WHEEL)
        spec = find_spec(package) if package.isidentifier() else None
        if spec is None or spec.origin is None:
            raise SettingsError(
                f"HEDDLE_RETAIL: package {package!r} is not installed", "run `make install`, or name a folder"
            )
        found = Path(spec.origin).parent / "data"
    if not found.is_dir():
        raise SettingsError(f"HEDDLE_RETAIL: folder {found} does not exist", "name the folder with the Parquet files")
    return found


def base_file(settings: Settings, table: str) -> Path:
    """The Parquet file of a source table.

    Raises:
        SourceError: it does not exist.
    """
    path = folder(settings) / f"{table}.parquet"
    if not path.is_file():
        raise SourceError(f"source file {path} does not exist", "put it there or set HEDDLE_RETAIL to its folder")
    return path


def drops(settings: Settings) -> dict[str, Path]:
    """Week -> file in the drop folder that replaces or adds that week of transactions, in order of weeks.

    Raises:
        SourceError: a Parquet or CSV file there is not named after a Monday, or two are for one week.
    """
    found: dict[str, Path] = {}
    for path in sorted((settings.drops / "retail" / "transactions").glob("[!.]*")):
        if path.suffix not in SUFFIXES:
            continue
        week = _monday(path)
        if week in found:
            raise SourceError(f"{found[week].name} and {path} are both for the week {week}", "remove one of them")
        found[week] = path
    return found


def weeks(settings: Settings) -> list[str]:
    """The Mondays of all weeks that the transactions file and the drop folder hold, in order."""
    base = base_file(settings, "transactions")
    stat = base.stat()
    return sorted(set(_weeks_of(base, stat.st_size, stat.st_mtime_ns)) | set(drops(settings)))


def week_start(week: int) -> date:
    """The Monday of a week number."""
    return FIRST_WEEK + timedelta(weeks=week - 1)


def week_number(monday: str) -> int:
    """The week number of a Monday in ISO format."""
    return (date.fromisoformat(monday) - FIRST_WEEK).days // 7 + 1


def source_version(settings: Settings, key: str, partition: str | None) -> str:
    """A fingerprint of the files behind an asset, or behind one week of raw/retail/transactions; reads no content.

    Args:
        key: such as raw/retail/products.
        partition: a Monday for transactions; None fingerprints all its files.

    Raises:
        SourceError: a file does not exist.
    """
    table = key.rpartition("/")[2]
    dropped = drops(settings) if table == "transactions" else {}
    if partition is None:
        return digest(_stamp(p) for p in (base_file(settings, table), *dropped.values()))
    return digest([_stamp(dropped.get(partition) or base_file(settings, table))])


def _stamp(path: Path) -> str:
    stat = path.stat()
    return f"{path.name} {stat.st_size} {stat.st_mtime_ns}"


def _monday(path: Path) -> str:
    try:
        day = date.fromisoformat(path.stem)
    except ValueError:
        day = None
    if day is None or day.weekday() != 0 or path.stem != day.isoformat() or day < FIRST_WEEK:
        raise SourceError(
            f"{path} is not named after a Monday from {FIRST_WEEK}",
            "name it after the Monday of its week, for example 2018-01-01.parquet",
        )
    return path.stem


@lru_cache(maxsize=8)
def _weeks_of(path: Path, _size: int, _changed: int) -> tuple[str, ...]:
    import duckdb

    with duckdb.connect() as connection:
        try:
            relation = connection.sql("select distinct week from read_parquet($1)", params=[str(path)])
            found = relation.fetchall()
        except duckdb.Error as error:
            fix = "copy the file again; it needs a whole-number column week"
            raise SourceError(f"cannot read the weeks of {path}: {error}", fix) from error
    return tuple(week_start(int(week)).isoformat() for (week,) in found if week is not None)
