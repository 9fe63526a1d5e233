"""A disk that fills up while a dataset is written: a clear error, and the former version stays current."""

import subprocess
import sys
from pathlib import Path

FULL_DISK = """
import resource, sys
from datetime import date
from pathlib import Path
import polars as pl
from assets.datasets.build import Dataset, writer
from core.errors import StoreError
from core.naming import Key
from resources.objects_file import FileObjects

key, objects = Key.parse("dataset/retail/coupon_propensity"), FileObjects(Path(sys.argv[1]))
small = Dataset(pl.DataFrame({"a": [1]}), {}, "v1", [])
objects.write(key, "v1", writer(small))
objects.set_alias(key, "current", "v1")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
big = Dataset(pl.DataFrame({"a": pl.Series(range(1_000_000)).hash()}), {}, "v2", [])
try:
    objects.write(key, "v2", writer(big))
except StoreError as error:
    print(error)
print(objects.versions(key), objects.alias(key, "current"), [p.name for p in (objects.root / str(key)).iterdir()])
"""


def test_a_full_disk_leaves_the_former_version(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    message, state = run.stdout.strip().rsplit("\n", 1)
    assert "cannot write" in message and "v2" in message and "free space" in message
    assert state.startswith("['v1'] v1 ") and "tmp" not in state
