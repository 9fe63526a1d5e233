"""Proposes standards from what scans measured: the shape, length and range that nearly all values of a field have."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from assets.catalog.model import Base, ColumnInfo, Meaning, Profile
from assets.catalog.standards.codes import propose as propose_codes
from assets.catalog.standards.model import CodeTable, Place, Standard
from core.slug import slug

NEARLY = 0.9  # share of a field's rows that a shape must have to become the standard
FEW = 4  # shapes that a pattern lists at most
NAMES = {
    "snake_case": re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*"),
    "UPPER_CASE": re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"),
    "camelCase": re.compile(r"[a-z]+[a-z0-9]*([A-Z][a-z0-9]*)*"),
    "PascalCase": re.compile(r"([A-Z][a-z0-9]*)+"),
}
_SHAPE = re.compile(r"(9|A|a|中)(?:\{(\d+)\})?|(.)", re.DOTALL)
_CLASSES = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]", "中": "[一-鿿]"}


class Field(NamedTuple):
    """A column of an asset with what is known of it."""

    asset: str
    column: ColumnInfo
    profile: Profile
    meaning: Meaning | None


class Naming(NamedTuple):
    """The way most columns are spelt, its share, and the columns that deviate, as asset and column."""

    style: str
    share: float
    deviations: tuple[tuple[str, str], ...]


def standards(fields: Iterable[Field], codes: Mapping[str, CodeTable]) -> list[Standard]:
    """One proposal per semantic type (fields of the same meaning share a standard), none where nothing can be said."""
    groups: dict[str, list[Field]] = defaultdict(list)
    for field in fields:
        if field.profile.rows > field.profile.nulls:
            groups[field.meaning.type if field.meaning else ""].append(field)
    loose = groups.pop("", [])
    found = [_of(meaning, slug(meaning), members, codes) for meaning, members in sorted(groups.items())]
    for field in loose:  # without a meaning, only a code set says enough to be a standard of its own
        table = propose_codes(_counts(field.profile), "", codes.values()) if _whole(field.profile) else None
        if table:
            found.append(_of("", slug(f"{field.asset.rsplit('/', 1)[-1]}_{field.column.name}"), [field], codes))
    return [s for s in found if s is not None]


def naming(columns: Sequence[tuple[str, str]]) -> Naming | None:
    """The style of most column names (asset, column), None for no columns."""
    if not columns:
        return None
    shares = {s: sum(bool(p.fullmatch(c)) for _, c in columns) / len(columns) for s, p in NAMES.items()}
    style = max(shares, key=lambda s: shares[s])
    return Naming(style, shares[style], tuple(c for c in columns if not NAMES[style].fullmatch(c[1])))


def expression(shape: str) -> str:
    """A shape of the profile (`9{3}-中{2}`) as a regular expression."""
    found = []
    for class_, run, other in _SHAPE.findall(shape):
        found.append(_literal(other) if other else _CLASSES[class_] + (f"{{{run}}}" if run else ""))
    return "".join(found)


def _literal(character: str) -> str:
    """One character as itself, in a way that Python, RE2, Rust and POSIX engines agree on."""
    if character.isalnum() or character in "_ ":
        return character
    return f"\\{character}" if character in "^]\\" else f"[{character}]"


def _of(meaning: str, name: str, members: list[Field], codes: Mapping[str, CodeTable]) -> Standard | None:
    rows = sum(f.profile.rows - f.profile.nulls for f in members)
    demands: dict[str, object] = {}
    evidence = [f"{rows} values of {len(members)} columns"]
    table = None
    if all(_whole(f.profile) for f in members):
        counted: Counter[str] = Counter()
        for f in members:
            counted.update(_counts(f.profile))
        table = propose_codes(counted, meaning, codes.values())
    if table:
        demands["codes"] = table.table
        evidence.append(f"{table.share:.1%} of the values read as codes of {table.table}")
    else:
        demands |= _shape(members, rows, evidence) | _range(members, evidence)
    if all(not f.profile.nulls for f in members):
        demands["required"] = True
        evidence.append("no value is missing")
    if not demands:
        return None
    places = tuple(Place(asset=f.asset, column=f.column.name) for f in members)
    return Standard.model_validate(
        {"name": name, "meaning": meaning, "columns": places, "evidence": evidence} | demands
    )


def _shape(members: list[Field], rows: int, evidence: list[str]) -> dict[str, object]:
    if not all(f.column.base is Base.TEXT for f in members):
        return {}
    shapes: Counter[str] = Counter()
    for f in members:
        shapes.update({p.value: p.count for p in f.profile.patterns if p.value})
    chosen, covered = [], 0
    for shape, count in shapes.most_common(FEW):
        chosen.append(shape)
        covered += count
        if covered >= NEARLY * rows:
            evidence.append(f"{covered / rows:.1%} of the values have the shape {' or '.join(chosen)}")
            return {"pattern": "|".join(expression(s) for s in chosen)}
    lengths = [f.profile.lengths for f in members if f.profile.lengths]
    if lengths:
        least, most = min(n for n, _ in lengths), max(n for _, n in lengths)
        evidence.append(f"texts of {least} to {most} characters")
        return {"lengths": (least, most)}
    return {}


def _range(members: list[Field], evidence: list[str]) -> dict[str, object]:
    if not all(f.column.base in (Base.INTEGER, Base.NUMBER) for f in members):
        return {}
    ends = [(float(f.profile.low), float(f.profile.high)) for f in members if f.profile.low and f.profile.high]
    if not ends:
        return {}
    least, most = min(n for n, _ in ends), max(n for _, n in ends)
    evidence.append(f"numbers from {least:g} to {most:g}")
    # the greatest value so far is no limit; that none is negative is worth a rule
    return {"range": (0.0, None)} if least >= 0 else {}


def _whole(profile: Profile) -> bool:
    """Whether the top values are all values there are."""
    return bool(profile.top) and len(profile.top) == profile.distinct


def _counts(profile: Profile) -> dict[str, int]:
    return {t.value: t.count for t in profile.top}
