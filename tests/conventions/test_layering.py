"""Who may import whom, and which modules may know Dagster."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "resources", "assets", "sensors", "job_templates", "serving", "orchestration")
ALLOWED = {
    "core": {"core"},
    "resources": {"core", "resources"},
    "assets": {"core", "resources", "assets", "job_templates"},
    "job_templates": {"core", "job_templates"},
    "sensors": {"core", "resources", "assets", "sensors"},
    "serving": {"core", "resources", "assets", "serving"},
    "orchestration": set(PACKAGES),
}
HEAVY = {
    "polars", "pandas", "numpy", "duckdb", "mlflow", "ray", "torch", "sklearn", "lightgbm", "optuna", "onnx",
    "onnxruntime", "statsforecast", "llama_index", "lancedb", "presidio_analyzer", "rapidocr", "paddleocr",
    "kubernetes", "dbt", "dagster_dbt", "dagster_k8s", "dagster_postgres", "sqlglot", "matplotlib", "openai",
    "starlette", "uvicorn", "pyarrow", "bs4", "pymupdf", "httpx",
}  # fmt: skip


def sources() -> list[Path]:
    return [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]


def imports(path: Path, top_level_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _executed(tree.body) if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _executed(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        for child in ("body", "orelse", "handlers", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _executed(getattr(node, child, []))


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    wrong = {
        name for name in imports(path) if name.split(".")[0] in PACKAGES and name.split(".")[0] not in ALLOWED[parts[0]]
    }
    assert not wrong, f"{path.relative_to(ROOT)} may not import {wrong}"
    if parts[0] == "serving":
        assert not [n for n in imports(path) if n.endswith(".defs")], "serving imports pure modules only"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_shell_knows_dagster(path: Path) -> None:
    relative = path.relative_to(ROOT)
    knows = (
        relative.parts[0] in ("sensors", "orchestration")
        or relative.name in ("defs.py", "checks.py", "_compat.py")
        or relative.name.endswith("_defs.py")
        or str(relative) in ("assets/kit.py", "assets/partitions.py")
    )
    found = {name for name in imports(path) if name.split(".")[0].startswith("dagster")}
    assert knows or not found, f"{relative} imports {found}"
    private = {name for name in found if "._" in name}
    assert relative.name == "_compat.py" or not private, f"{relative} imports private {private}: use _compat.py"


def loaded_with_definitions() -> list[Path]:
    """The project's modules that importing and building the definitions loads."""
    import subprocess
    import sys

    code = (
        "import sys; from orchestration.definitions import defs; defs();"
        f"print('\\n'.join(m.__file__ for n, m in list(sys.modules.items()) if n.split('.')[0] in {PACKAGES!r} "
        "and getattr(m, '__file__', None)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return [Path(line) for line in found.stdout.split()]


def test_nothing_heavy_is_imported_on_the_load_path() -> None:
    wrong = {
        str(path.relative_to(ROOT)): heavy
        for path in loaded_with_definitions()
        if (heavy := {n.split(".")[0] for n in imports(path, top_level_only=True)} & HEAVY)
    }
    assert not wrong


def test_definitions_load_without_heavy_libraries() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from orchestration.definitions import defs; defs();"
        f"print(*({HEAVY!r} & {{m.split('.')[0] for m in sys.modules}}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    # dagster's gRPC client and CLI pull none of these in
    assert found.stdout.split() == []
