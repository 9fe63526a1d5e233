"""How much of real Kettle and Hop files the native engine supports, counted without running them.

Run: python -m benchmarks.accuracy.coverage <folder...> [--by-folder] [--limit n]

A file counts as supported when the engine has every step or entry type and every option that the file uses; files,
variables and drivers that are not on this machine do not count against it, but are told.
"""

import argparse
import logging
import sys
from collections import Counter
from pathlib import Path

from assets.kettle.check import FolderReport, Kind, Report, check_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--by-folder", action="store_true", help="figures per folder too")
    parser.add_argument("--limit", type=int, default=60, help="how many unsupported types to list")
    arguments = parser.parse_args()
    logging.getLogger("heddle.kettle").setLevel(logging.CRITICAL)
    missing = [str(folder) for folder in arguments.folders if not folder.is_dir()]
    if missing:
        sys.exit(f"no folder: {', '.join(missing)}")
    found = {folder: check_folder(folder) for folder in arguments.folders}
    if arguments.by_folder:
        for folder, report in found.items():
            print(f"{folder}: {_line(report.of(jobs=False))}; jobs: {_line(report.of(jobs=True))}")
    whole = FolderReport([r for report in found.values() for r in report.reports])
    print(f"transformations: {_line(whole.of(jobs=False))}")
    print(f"jobs:            {_line(whole.of(jobs=True))}")
    _print_kinds(whole)
    for jobs in (False, True):
        _print_unsupported(FolderReport(whole.of(jobs)), arguments.limit, "jobs" if jobs else "transformations")


def _line(reports: list[Report]) -> str:
    if not reports:
        return "none"
    parts = (
        ("parsed", sum(r.parsed for r in reports)),
        ("written back byte for byte", sum(r.round_trip for r in reports)),
        ("supported", sum(r.supported for r in reports)),
        ("nothing misses here", sum(r.ready for r in reports)),
    )
    return f"{len(reports)}, " + ", ".join(f"{name} {n} = {100 * n / len(reports):.1f}%" for name, n in parts)


def _print_kinds(report: FolderReport) -> None:
    print("\nfindings: files")
    for kind, count in report.kinds().most_common():
        print(f"  {count:5} {kind.value}")


def _print_unsupported(report: FolderReport, limit: int, what: str) -> None:
    """Types by number of files, with reasons; `alone` counts files that miss nothing else."""
    alone = Counter(
        next(iter(types)) for r in report.reports if len(types := {f.type for f in r.findings if f.kind in _LACKS}) == 1
    )
    print(f"\nunsupported in {what}: files, of these with nothing else unsupported, type, reason")
    for (type_id, reason), count in report.unsupported().most_common(limit):
        print(f"  {count:5} {alone[type_id]:5} {type_id:28} {reason[:180]}")


_LACKS = (Kind.TYPE, Kind.OPTION, Kind.FAILURE)

if __name__ == "__main__":
    main()
