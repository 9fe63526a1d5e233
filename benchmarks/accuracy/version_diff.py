"""Known changes applied to copies of real databases: does the diff of two scans say exactly these?

Run: HEDDLE_BENCH_DATA=… python -m benchmarks.accuracy.version_diff [--changes 5] [--seed 1] [--details]

Each database of the Spider set is copied and scanned; then, seeded, columns are renamed (to a synonym of the name, an
abbreviation, or an opaque name in turn), dropped and added, tables renamed, and some rows deleted, so that the profiles
differ too. The second scan is compared with the first. A rename counts when both names are right.
"""

import argparse
import os
import random
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from pathlib import Path

from assets.catalog.changes.diff import Difference, What, of_scans
from assets.catalog.model import Scan
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source

Expected = tuple[What, str, str, str]  # what, table, column, after
STRUCTURE = {
    What.TABLE_ADDED, What.TABLE_REMOVED, What.TABLE_RENAMED,
    What.COLUMN_ADDED, What.COLUMN_REMOVED, What.COLUMN_RENAMED,
}  # fmt: skip


def scanned(path: Path) -> Scan:
    return scan(Source(name="db", url=f"sqlite:///{path}"))


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def new_name(name: str, way: int, rng: random.Random, taken: set[str]) -> str:
    words = name.replace("_", " ").split()
    ways = (
        lambda: "_".join(w[0] + "".join(c for c in w[1:] if c.lower() not in "aeiou") for w in words),
        lambda: f"f{rng.randrange(10, 99)}",
        lambda: f"{'_'.join(words)}_{rng.choice(['value', 'new', 'cd', 'x'])}",
    )
    found = ways[way % 3]()
    return found if found.lower() not in taken else f"z{rng.randrange(1000)}"


def change(path: Path, first: Scan, amount: int, rng: random.Random) -> list[Expected]:
    """Applies changes and returns what a diff must say."""
    expected: list[Expected] = []
    with sqlite3.connect(path) as db:
        db.execute("pragma legacy_alter_table = on")
        for number in range(amount):
            table = rng.choice(first.tables).table
            columns = [c.name for c in table.columns]
            free = [c for c in columns if not any(c in e for e in expected)]
            held = {*table.primary_key, *(c for f in table.foreign_keys for c in f.columns)}
            name = quoted(table.name)
            kind = ("rename", "drop", "add")[number % 3]
            try:
                if kind == "rename" and free:
                    old = rng.choice(free)
                    new = new_name(old, rng.randrange(3), rng, {c.lower() for c in columns})
                    db.execute(f"alter table {name} rename column {quoted(old)} to {quoted(new)}")
                    expected.append((What.COLUMN_RENAMED, table.name, old, new))
                elif kind == "drop" and (loose := [c for c in free if c not in held]) and len(columns) > 2:
                    old = rng.choice(loose)
                    db.execute(f"alter table {name} drop column {quoted(old)}")
                    expected.append((What.COLUMN_REMOVED, table.name, old, ""))
                elif kind == "add":
                    new = f"added_{number}"
                    db.execute(f"alter table {name} add column {new} integer")
                    db.execute(f"update {name} set {new} = abs(random()) % 1000")
                    expected.append((What.COLUMN_ADDED, table.name, new, ""))
            except sqlite3.Error:
                continue  # a column that a key, an index or a view holds on to
        for table in {t.table.name for t in first.tables}:
            db.execute(f"delete from {quoted(table)} where rowid % 20 = 7")
        if first.tables and rng.random() < 0.5:
            old = rng.choice(first.tables).table.name
            if not any(e[1] == old for e in expected):
                new = new_name(old, rng.randrange(3), rng, {t.table.name.lower() for t in first.tables})
                db.execute(f"alter table {quoted(old)} rename to {quoted(new)}")
                expected.append((What.TABLE_RENAMED, old, "", new))
    return expected


def told(differences: list[Difference]) -> list[Expected]:
    """The differences of structure, as `change` says them."""
    found = []
    for d in differences:
        if d.what in STRUCTURE:
            after = d.after if d.what in (What.COLUMN_RENAMED, What.TABLE_RENAMED) else ""
            found.append((d.what, d.table, d.column, after))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--details", action="store_true")
    arguments = parser.parse_args()
    root = Path(os.environ["HEDDLE_BENCH_DATA"]) / "governance" / "db" / "spider"
    rng = random.Random(arguments.seed)
    right, said, known = Counter[What](), Counter[What](), Counter[What]()
    exact = same = databases = 0
    began = time.process_time()
    with tempfile.TemporaryDirectory(prefix="version-diff-") as scratch:
        for path in sorted(root.rglob("*.sqlite")):
            copy = Path(scratch) / path.name
            shutil.copy(path, copy)
            first = scanned(copy)
            if not first.tables:
                continue
            databases += 1
            same += not of_scans(first.tables, scanned(copy).tables)
            expected = change(copy, first, arguments.changes, rng)
            found = told(of_scans(first.tables, scanned(copy).tables))
            exact += sorted(found) == sorted(expected)
            right.update(e[0] for e in expected if e in found)
            said.update(f[0] for f in found)
            known.update(e[0] for e in expected)
            if arguments.details and sorted(found) != sorted(expected):
                print(path.stem, "missing", set(expected) - set(found), "extra", set(found) - set(expected))
    print(f"{databases} databases, {time.process_time() - began:.1f} CPU s; identical scans without difference: {same}")
    print(f"databases whose diff says exactly the changes: {exact}")
    for what in sorted(known | said):
        precision, recall = right[what] / max(1, said[what]), right[what] / max(1, known[what])
        print(f"{what:16} precision {precision:.3f} recall {recall:.3f}  ({known[what]} made, {said[what]} told)")


if __name__ == "__main__":
    main()
