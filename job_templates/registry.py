"""Job templates: each folder's template.yaml, validated, and the flags and checks that follow from it."""

import argparse
import re
from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import SettingsError

ROOT = Path(__file__).resolve().parent
FILE = "template.yaml"
TYPES: dict[str, type] = {"integer": int, "number": float, "text": str, "path": Path, "choice": str}
Value: TypeAlias = int | float | str | Path | None


class Text(BaseModel):
    """The same sentence in English and Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Parameter(BaseModel):
    """One typed parameter; becomes the flag `--name` with the same checks."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: Literal["integer", "number", "text", "path", "choice"]
    label: Text
    required: bool = False
    default: int | float | str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(f"parameter {self.name}: `choices` belongs to type choice, and to it only")
        if self.required and self.default is not None:
            raise ValueError(f"parameter {self.name}: required and a default exclude each other")
        if self.default is not None:
            self.read(self.default)
        return self

    @property
    def flag(self) -> str:
        """The command-line flag."""
        return "--" + self.name.replace("_", "-")

    def read(self, value: object) -> Value:
        """The value in the parameter's type. Raises ValueError saying what is wrong with it."""
        if isinstance(value, bool) or not isinstance(value, int | float | str | Path):
            raise ValueError(f"{value!r} is not of type {self.type}")
        try:
            number_lost = self.type == "integer" and isinstance(value, float) and not value.is_integer()
            typed: Value = None if number_lost else TYPES[self.type](value)
        except ValueError:
            typed = None
        if typed is None:
            raise ValueError(f"{value!r} is not of type {self.type}")
        self._within(typed)
        return typed

    def _within(self, value: Value) -> None:
        if isinstance(value, int | float):
            # written so that NaN, which compares false with everything, is outside
            if self.minimum is not None and not value >= self.minimum:
                raise ValueError(f"{value} is below the minimum {self.minimum:g}")
            if self.maximum is not None and not value <= self.maximum:
                raise ValueError(f"{value} is above the maximum {self.maximum:g}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{value!r} is not one of {', '.join(self.choices)}")
        if self.pattern and not re.fullmatch(self.pattern, str(value)):
            raise ValueError(f"{value!r} does not match {self.pattern}")


class Group(BaseModel):
    """Parameters shown together in a form."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    label: Text
    parameters: tuple[Parameter, ...] = Field(min_length=1)


class Template(BaseModel):
    """A job that takes typed parameters and runs as `python -m <entry>`."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    description: Text
    entry: str = Field(pattern=r"^[a-z_][a-z0-9_.]*:[a-z_][a-z0-9_]*$")
    groups: tuple[Group, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [p.name for g in self.groups for p in g.parameters]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"parameter names used twice: {', '.join(twice)}")
        return self

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """All parameters by name, in order."""
        return {p.name: p for g in self.groups for p in g.parameters}

    def check(self, values: Mapping[str, object]) -> dict[str, Value]:
        """The typed values with defaults filled in.

        Raises:
            SettingsError: a value is unknown, missing or out of bounds; the message names the parameter's label.
        """
        unknown = sorted(set(values) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters)
            raise SettingsError(f"template {self.name} has no parameter {unknown[0]!r}", f"use one of {known}")
        return {name: self.value(name, values.get(name)) for name in self.parameters}

    def value(self, name: str, given: object) -> Value:
        """One typed value, the default where `given` is None. Raises SettingsError as `check` does."""
        parameter = self.parameters[name]
        if given is None:
            if parameter.required:
                raise SettingsError(f"{parameter.label.en} ({parameter.name}) is missing", f"give {parameter.flag}")
            return parameter.read(parameter.default) if parameter.default is not None else None
        try:
            return parameter.read(given)
        except ValueError as error:
            raise SettingsError(
                f"{parameter.label.en} ({parameter.name}): {error}", f"correct {parameter.flag}"
            ) from None

    def parser(self) -> argparse.ArgumentParser:
        """A command line with one flag per parameter; read its result with `check`."""
        module = self.entry.split(":")[0]
        parser = argparse.ArgumentParser(prog=f"python -m {module}", description=self.description.en)
        for group in self.groups:
            section = parser.add_argument_group(group.label.en)
            for parameter in group.parameters:
                default = "" if parameter.default is None else f" (default: {parameter.default})"
                section.add_argument(parameter.flag, dest=parameter.name, help=parameter.label.en + default)
        return parser

    def run(self, values: Mapping[str, object]) -> int:
        """Check the values and call the entry with them; returns its exit status."""
        checked = self.check(values)
        module, function = self.entry.split(":")
        status: int = getattr(import_module(module), function)(checked)
        return status


def load(folder: Path) -> Template:
    """Read and validate one folder's template.yaml.

    Raises:
        SettingsError: there is none, it is not YAML, or it is not a valid template; the message names file and field.
    """
    path = folder / FILE
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        template = Template.model_validate(raw)
    except OSError as error:
        raise SettingsError(f"no template at {path}: {error.strerror}", f"put a {FILE} there") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid YAML: {error}", "correct the file") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "template"
        raise SettingsError(f"{path}: {field}: {first['msg']}", "correct the file") from None
    if template.name != folder.name:
        raise SettingsError(f"{path}: name {template.name!r} is not its folder's", f"call it {folder.name}")
    return template


def templates(root: Path = ROOT) -> dict[str, Template]:
    """Every template under a root folder, by name. Raises SettingsError when one is invalid."""
    return {path.parent.name: load(path.parent) for path in sorted(root.glob(f"*/{FILE}"))}


def find(name: str, root: Path = ROOT) -> Template:
    """One template. Raises SettingsError with the known names when there is none of this name."""
    known = templates(root)
    if name not in known:
        raise SettingsError(f"no job template {name!r}", f"use one of {', '.join(known)}")
    return known[name]
