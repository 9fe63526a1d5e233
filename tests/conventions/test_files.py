"""Size and wording of the tree."""

import re
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def test_files_are_short() -> None:
    lengths = {p.relative_to(ROOT): len(p.read_text(encoding="utf-8").splitlines()) for p in tracked("*.py")}
    assert {p: n for p, n in lengths.items() if n > 500} == {}
    code = [n for p, n in lengths.items() if p.parts[0] not in ("tests", "benchmarks") and n > 5]
    assert statistics.median(code) <= 120


def test_every_module_says_what_it_is() -> None:
    texts = {p.relative_to(ROOT): p.read_text(encoding="utf-8") for p in tracked("*.py")}
    assert [p for p, text in texts.items() if text and not text.startswith(('"""', "#!"))] == []


def test_no_machine_paths_or_package_hosts() -> None:
    hosts = re.compile(
        r"(?<![\w/])/(work|farm)/|/tmp/\w|" + "|".join(("pypi" + r"\.org", "python" + "hosted", "registry." + "npmjs"))
    )
    wrong = {
        str(p.relative_to(ROOT)): found.group()
        for p in tracked()
        if p.suffix not in (".png", ".pdf", ".parquet")
        and (found := hosts.search(p.read_text(encoding="utf-8", errors="replace")))
    }
    assert wrong == {}


def test_each_top_level_package_is_owned_by_this_distribution_alone() -> None:
    from importlib.metadata import packages_distributions

    owners = packages_distributions()
    names = ("core", "resources", "assets", "sensors", "job_templates", "serving", "orchestration")
    assert {name: set(owners.get(name, ["heddle"])) for name in names} == {name: {"heddle"} for name in names}
