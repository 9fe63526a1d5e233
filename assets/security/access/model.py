"""The policy as people write it: rules with subjects, tables, purposes, times, rows and columns."""

import re
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from core.errors import HeddleError

if TYPE_CHECKING:
    from sqlglot import exp

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Method = Literal["null", "constant", "partial", "hash", "year", "round"]
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
SECRET_TAGS = ("pii:", "secret")  # columns with such a tag are shown to nobody unless a rule names the tag or column


class AccessError(HeddleError):
    """A policy that cannot be read, or what a policy does not allow."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mask(_Strict):
    """What stands in place of a value.

    Attributes:
        method: `null`; `constant` (value); `partial` keeps `first` and `last` characters and hides the others; `hash`
            is HMAC-SHA256 under the first key of HEDDLE_PROTECTION_KEYS, as hexadecimal text, equal for equal values;
            `year` the first of January of a date's year; `round` the largest multiple of `step` that is not above.
        first, last: characters that stay; a value that is not longer than both together is hidden whole.
    """

    method: Method = Field(alias="mask")
    value: str = "***"
    first: int = Field(0, ge=0, le=100)
    last: int = Field(0, ge=0, le=100)
    step: int = Field(10, ge=1, le=10**12)

    @property
    def makes_text(self) -> bool:
        """Whether the masked value is a text, whatever the column was."""
        return self.method in ("constant", "partial", "hash")


def _column(value: Any) -> Any:
    """`allow` and `deny` stay words; `{mask: …}` and the bare name of a method become a Mask."""
    if isinstance(value, dict):
        return Mask.model_validate(value)
    return value if value in ("allow", "deny") or isinstance(value, Mask) else Mask.model_validate({"mask": value})


Column = Annotated[Literal["allow", "deny"] | Mask, BeforeValidator(_column)]


class When(_Strict):
    """When a rule holds: from the beginning of `start` to the end of `end`, on `days` within `hours` of `zone`."""

    start: date | None = Field(None, alias="from")
    end: date | None = Field(None, alias="until")
    hours: str = ""
    days: tuple[str, ...] = ()
    zone: str = "UTC"

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        if value and not _HOURS.fullmatch(value):
            raise ValueError(f"{value!r} is no span of hours; write 08:00-18:00")
        return value

    @field_validator("days")
    @classmethod
    def _days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = next((d for d in value if d not in DAYS), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} is no day; write some of {', '.join(DAYS)}")
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone; write one such as Asia/Shanghai") from None
        return value

    @model_validator(mode="after")
    def _order(self) -> "When":
        if self.start and self.end and self.end < self.start:
            raise ValueError("`until` lies before `from`")
        return self

    def holds(self, moment: datetime) -> bool:
        """Whether a moment, with a zone, is within."""
        here = moment.astimezone(ZoneInfo(self.zone))
        if (self.start and here.date() < self.start) or (self.end and here.date() > self.end):
            return False
        if not self.hours:
            return not self.days or DAYS[here.weekday()] in self.days
        numbers = [int(n) for n in re.findall(r"\d+", self.hours)]
        begin, stop, now = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3], here.hour * 60 + here.minute
        inside, weekday = begin <= now < stop, here.weekday()
        if begin > stop:  # over midnight: the hours after it belong to the day before
            inside = now >= begin or now < stop
            weekday = (weekday - 1) % 7 if now < stop else weekday
        return inside and (not self.days or DAYS[weekday] in self.days)


class Rule(_Strict):
    """One rule.

    Attributes:
        who: persons, `team:…` of teams.yaml, `role:…`, `project:…`, or `*`; one of them is enough.
        tables: patterns of asset keys, of keys of scanned tables (`source/schema.table`) or of documents
            (`doc/retail/handbook/hr/*`), upper and lower case alike.
        tags: patterns of tags; tables that have one, themselves or on a column. With `tables` both have to fit.
        effect: `deny` takes rows and columns away whatever other rules allow.
        purposes: the rule holds for these purposes alone; empty for any, and for none.
        rows: a condition over the table's columns; `:person.NAME`, `:person`, `:purpose`, `:today`, `:now`.
        columns: names, patterns of names or of tags (with a colon) -> allow, deny or a mask; empty allows all columns
            that no tag guards. Of a deny rule: those that are taken away, all with `rows` alone.
        outputs: whether tables made from these are covered too, unless rules name them.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,79}$")
    description: str = ""
    who: tuple[str, ...] = Field(min_length=1)
    tables: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    effect: Literal["allow", "deny"] = "allow"
    action: Literal["read"] = "read"
    purposes: tuple[str, ...] = ()
    when: When | None = None
    rows: str = ""
    columns: dict[str, Column] = Field(default_factory=dict)
    outputs: Literal["inherit", "open"] = "inherit"
    file: str = Field("", exclude=True)
    line: int = Field(0, exclude=True)

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if not self.tables and not self.tags:
            raise ValueError("neither `tables` nor `tags` says what it is about")
        wrong = next((c for c, said in self.columns.items() if self.effect == "deny" and said != "deny"), None)
        if wrong is not None:
            raise ValueError(f"columns.{wrong}: a deny rule can only say `deny`")
        if self.effect == "deny" and self.rows and self.columns:
            raise ValueError("a deny rule takes away rows or columns, not cells: write two rules")
        return self

    @property
    def place(self) -> str:
        """File and line in which it begins."""
        return f"{self.file}:{self.line}"

    @cached_property
    def condition(self) -> "exp.Expr | None":
        """The parsed condition of `rows`, unbound; None where all rows are meant."""
        from assets.security.access.conditions import parsed

        return parsed(self.rows) if self.rows.strip() else None


class Person(_Strict):
    """What the policy knows of a person: roles, projects, and attributes that conditions may use."""

    model_config = ConfigDict(frozen=True, extra="allow")

    roles: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    def attribute(self, name: str) -> Any:
        """A value, or a list of values; None where there is none."""
        return (self.model_extra or {}).get(name)


class PolicyFile(_Strict):
    """The content of one file."""

    default: Literal["open", "deny"] = "open"
    people: dict[str, Person] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


class Policy(_Strict):
    """All files together.

    Attributes:
        default: `deny` covers every table; `open` those that rules or tags of personal and secret data name.
    """

    default: Literal["open", "deny"] = "open"
    people: dict[str, Person] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
