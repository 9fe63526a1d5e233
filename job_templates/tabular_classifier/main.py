"""Train a tabular classifier: `python -m job_templates.tabular_classifier.main --data … --spec … --out …`."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import Progress

from core.errors import HeddleError, SettingsError
from core.hashing import code_version, file_digest
from job_templates import registry
from job_templates.tabular_classifier import MODULES, NAME

if TYPE_CHECKING:
    from job_templates.tabular_classifier.search import Trial

# everything that package.write may write
FILES = {"model.onnx", "signature.json", "baseline.onnx", "calibration.json", "scores.json", "trials.json"} | {
    "lightgbm.txt",
    "logistic_regression.json",
}


def main(values: Mapping[str, Any]) -> int:
    """Train, write the folder, and track when an MLflow URI is given. `values` are checked template parameters."""
    from job_templates.tabular_classifier import dataset, package
    from job_templates.tabular_classifier.train import train

    console = Console()
    data = dataset.load(values["data"], values["spec"])
    _refuse_foreign(values["out"])
    with ExitStack() as stack:
        log = _log(values, stack)
        progress = stack.enter_context(Progress(console=console))
        bar = progress.add_task("trials", total=values["trials"])

        def on_trial(trial: "Trial") -> None:
            best = f"best log loss {trial.best_so_far:.4f}"
            progress.update(bar, advance=1, description=best)
            if log is not None:
                log.trial(trial)

        trained = train(data, values["trials"], values["seed"], values["max_seconds"], on_trial)
        version = package.content(trained)
        metadata = {"data_version": file_digest(values["data"]), "code_version": code_version(*MODULES)}
        signed = package.signature(trained, NAME, version, metadata)
        _replace(values["out"], lambda folder: package.write(folder, trained, signed))
        if log is not None:
            log.dataset(data, str(values["data"]), values["data"].stem, metadata["data_version"])
            log.finish(trained)
    for title, fitted in {"chosen": trained.chosen, "baseline": trained.baseline}.items():
        scores = "  ".join(f"{name} {value:.4f}" for name, value in fitted.test.items())
        console.print(f"{title} ({fitted.scorer.family}): {scores}", soft_wrap=True, highlight=False)
    console.print(f"wrote {values['out']}, version {version}", soft_wrap=True, highlight=False)
    return 0


def _log(values: Mapping[str, Any], stack: ExitStack) -> Any:
    """The study's log when a tracking URI is given, else None."""
    if not values["tracking"]:
        return None
    import mlflow

    from job_templates.tabular_classifier.study_log import open_log

    mlflow.set_tracking_uri(values["tracking"])
    if mlflow.get_experiment_by_name(values["experiment"]) is None:
        mlflow.create_experiment(values["experiment"], artifact_location=_artifacts(values["tracking"]))
    mlflow.set_experiment(values["experiment"])
    params = {name: values[name] for name in ("trials", "seed", "max_seconds")}
    tags = {"data_version": file_digest(values["data"]), "code_version": code_version(*MODULES)}
    return stack.enter_context(open_log(mlflow, NAME, params, tags))


def _artifacts(uri: str) -> str | None:
    """Beside a SQLite store, where MLflow's own default would be the working directory; a server knows its place."""
    if not uri.startswith("sqlite:///"):
        return None
    return (Path(uri.removeprefix("sqlite:///")).absolute().parent / "mlflow-artifacts").as_uri()


def _refuse_foreign(out: Path) -> None:
    """The folder is replaced whole, so it may hold nothing but what an earlier training wrote there.

    Raises:
        SettingsError: it is a file, or holds something else.
    """
    if not out.exists():
        return
    foreign = sorted(path.name for path in out.iterdir() if path.name not in FILES) if out.is_dir() else [out.name]
    if foreign:
        raise SettingsError(f"--out {out} holds {foreign[0]}, which no training wrote", "name a new or empty folder")


def _replace(out: Path, build: Callable[[Path], None]) -> None:
    """Build beside `out`, then swap. A run killed in the swap leaves the former folder aside; the next puts it back."""
    fresh, former = out.with_name(f".{out.name}.new"), out.with_name(f".{out.name}.old")
    if former.exists() and not out.exists():
        former.rename(out)
    for folder in (fresh, former):
        shutil.rmtree(folder, ignore_errors=True)
    fresh.mkdir(parents=True)
    build(fresh)
    if out.exists():
        out.rename(former)
    fresh.rename(out)
    shutil.rmtree(former, ignore_errors=True)


def command(arguments: Sequence[str]) -> int:
    """The command line: 0, or 2 after printing a user's error."""
    template = registry.find(NAME)
    try:
        return main(template.check(vars(template.parser().parse_args(arguments))))
    except HeddleError as error:
        Console(stderr=True).print(f"Error: {error}", style="red", soft_wrap=True, highlight=False, markup=False)
        return 2


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))
