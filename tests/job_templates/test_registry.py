"""Job templates: one description, from which flags, defaults and checks follow."""

import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from job_templates import registry

REQUIRED = {"data": "d.parquet", "spec": "s.json", "out": "o"}


def test_every_template_in_the_project_is_valid_and_its_entry_exists() -> None:
    from importlib import import_module

    found = registry.templates()
    assert "tabular_classifier" in found
    for template in found.values():
        module, function = template.entry.split(":")
        assert callable(getattr(import_module(module), function))


def test_defaults_are_filled_and_texts_become_typed_values() -> None:
    values = registry.find("tabular_classifier").check(REQUIRED | {"trials": "3", "max_seconds": "1.5"})
    assert values["trials"] == 3 and values["seed"] == 7 and values["max_seconds"] == 1.5
    assert values["data"] == Path("d.parquet") and values["tracking"] is None


@pytest.mark.parametrize(
    ("given_", "names"),
    [
        ({"trials": "0"}, ["Number of trials", "minimum 1", "--trials"]),
        ({"trials": "2.5"}, ["Number of trials", "integer"]),
        ({"trials": True}, ["Number of trials", "integer"]),
        ({"max_seconds": "nan"}, ["max_seconds", "minimum"]),
        ({"max_seconds": "inf"}, ["max_seconds", "maximum"]),
        ({"trails": 3}, ["trails", "trials"]),
        ({"data": None}, ["data", "missing", "--data"]),
    ],
)
def test_a_bad_value_is_refused_with_its_label(given_: dict[str, object], names: list[str]) -> None:
    with pytest.raises(SettingsError) as error:
        registry.find("tabular_classifier").check(REQUIRED | given_)
    assert all(name in str(error.value) for name in names)


@given(st.integers())
def test_bounds_hold_for_every_integer(trials: int) -> None:
    template = registry.find("tabular_classifier")
    if 1 <= trials <= 1000:
        assert template.value("trials", trials) == trials == template.value("trials", str(trials))
    else:
        with pytest.raises(SettingsError):
            template.value("trials", trials)


def test_the_command_line_has_one_flag_per_parameter() -> None:
    template = registry.find("tabular_classifier")
    text = template.parser().format_help()
    assert all(p.flag in text and p.label.en.split()[0] in text for p in template.parameters.values())


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda t: t.update(color="red"), ["color"]),
        (lambda t: t.pop("groups"), ["groups"]),
        (lambda t: t.update(name="other"), ["other", "tabular_classifier"]),
        (lambda t: t["groups"][1]["parameters"][0].update(default=0), ["minimum"]),
        (lambda t: t["groups"][1]["parameters"][0].update(name="data"), ["twice", "data"]),
        (lambda t: t["groups"][1]["parameters"][0].update(type="choice"), ["choices"]),
        (lambda t: t["description"].pop("zh"), ["description.zh"]),
    ],
)
def test_an_invalid_template_names_file_and_field(tmp_path: Path, change: object, names: list[str]) -> None:
    folder = tmp_path / "tabular_classifier"
    shutil.copytree(registry.ROOT / "tabular_classifier", folder, ignore=shutil.ignore_patterns("__pycache__"))
    content = yaml.safe_load((folder / registry.FILE).read_text(encoding="utf-8"))
    change(content)  # type: ignore[operator]
    (folder / registry.FILE).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        registry.templates(tmp_path)
    assert all(name in str(error.value) for name in [*names, registry.FILE])


def test_yaml_that_is_not_yaml_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / registry.FILE).write_text("name: [", encoding="utf-8")
    with pytest.raises(SettingsError, match="not valid YAML"):
        registry.templates(tmp_path)


def test_the_templates_command_lists_and_shows() -> None:
    from orchestration.cli.main import main

    listed = CliRunner().invoke(main, ["templates", "list"])
    assert listed.exit_code == 0 and "tabular_classifier" in listed.output
    shown = CliRunner().invoke(main, ["templates", "show", "tabular_classifier"])
    assert shown.exit_code == 0 and "--trials" in shown.output and "试验次数" in shown.output
    unknown = CliRunner().invoke(main, ["templates", "show", "nope"])
    assert unknown.exit_code == 2 and "tabular_classifier" in unknown.output
