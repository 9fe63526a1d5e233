"""Protection of fields as steps of a Kettle transformation: what the policy says, from steps that Kettle has.

PDI and Hop have no masking step, and none that encrypts in a form or keeps tokens. So `mask`, `hash` (algorithm
`kettle`), `suppress` and `generalise` by month, year, band or prefix become steps; a field of any other method is
emptied, which is told. Nothing that is to be protected passes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.kettle.generate.line import put_line, withdrawn
from assets.kettle.generate.masks import Band, Cut, Hashed, Mask, Partial, Period, Suppressed, masks_part
from assets.kettle.generate.part import Part
from assets.kettle.model import Transformation
from assets.kettle.values.fields import ValueType
from assets.security.protect.errors import ProtectionError
from assets.security.protect.methods.generalise import BY_CLASS, Generalise
from assets.security.protect.methods.hash import Hash
from assets.security.protect.methods.mask import Mask as MaskParams
from assets.security.protect.methods.mask import shown
from assets.security.protect.plan import Decision

PART = "protect "
KEY = "HEDDLE_MASK_KEY"
_DATES = (ValueType.DATE, ValueType.TIMESTAMP)
_PERIODS = ("day", "month", "year")


@dataclass(frozen=True, slots=True)
class Merged:
    """The transformation with the masks.

    Attributes:
        masked: field -> what its steps do.
        emptied: field -> why it is emptied instead.
        variables: key variable -> domain, for hashes.
    """

    model: Transformation
    masked: dict[str, str]
    emptied: dict[str, str]
    variables: dict[str, str]


def variable(domain: str) -> str:
    """The variable of Kettle that holds the key of a domain."""
    return f"{KEY}_{domain.upper()}"


def merged(
    model: Transformation,
    decisions: Sequence[Decision],
    types: dict[str, ValueType],
    after: str,
    *,
    overwrite: bool = False,
) -> Merged:
    """Puts masks behind step `after`; masks of fields that are no longer protected go.

    Raises:
        ProtectionError: a hash is not of the algorithm that Kettle can compute, or nothing was decided of a field.
        KettleError: generated steps were changed by hand.
    """
    unseen = sorted(set(types) - {d.column for d in decisions})
    if unseen:
        what = f"of field {unseen[0]!r}, which leaves {after!r}, there are no rows to look at"
        raise ProtectionError(what, "give rows as they leave the step, with all fields, with --rows")
    plain: list[Mask] = []
    hashed: dict[str, list[Hashed]] = {}
    masked: dict[str, str] = {}
    emptied: dict[str, str] = {}
    for d in decisions:
        if not d.protected or d.column not in types:
            continue
        made, why = _mask(d, types[d.column])
        if isinstance(made, Hashed):
            hashed.setdefault(d.domain, []).append(made)
        else:
            plain.append(made)
        if why:
            emptied[d.column] = why
        else:
            masked[d.column] = d.use.method
    wanted: list[Part] = [masks_part(f"{PART}fields", plain, name="protect")] if plain else []
    for domain, found in sorted(hashed.items()):
        wanted.append(masks_part(f"{PART}{domain}", found, key=variable(domain), name=f"protect {domain}"))
    model = put_line(withdrawn(model, PART, {p.id for p in wanted}), wanted, after, overwrite=overwrite)
    return Merged(model, masked, emptied, {variable(domain): domain for domain in sorted(hashed)})


def _mask(d: Decision, kind: ValueType) -> tuple[Mask, str]:
    """The mask, and why the field is emptied, "" where it is not."""
    match d.use.method:
        case "hash":
            return _hash(d, kind), ""
        case "mask":
            return _partial(d, kind)
        case "suppress":
            value = getattr(d.params, "value", None)
            return Suppressed(d.column, value if kind is ValueType.STRING and value else ""), ""
        case "generalise":
            return _coarse(d, kind)
        case other:
            return Suppressed(d.column), f"Kettle has no step for {other}"


def _hash(d: Decision, kind: ValueType) -> Hashed:
    params = d.params
    if not isinstance(params, Hash) or params.algorithm != "kettle" or params.length != 64:
        what = f"field {d.column!r}: Kettle computes no digest of this kind"
        raise ProtectionError(what, "say {method: hash, algorithm: kettle} with the full length in the policy")
    return Hashed(d.column, kind)


def _partial(d: Decision, kind: ValueType) -> tuple[Mask, str]:
    params = d.params if isinstance(d.params, MaskParams) else MaskParams()
    if params.first is None and d.class_ == "address":
        return Suppressed(d.column), "Kettle cannot tell regions of addresses"
    if params.first is None and d.class_ == "email":
        return Partial(d.column, email=True, kind=kind), ""
    first, last, hidden = shown(params, d.class_)
    return Partial(d.column, first, last, hidden, kind=kind), ""


def _coarse(d: Decision, kind: ValueType) -> tuple[Mask, str]:
    params = d.params if isinstance(d.params, Generalise) else Generalise()
    how = BY_CLASS.get(d.class_, params) if params == Generalise() else params
    if how.period in _PERIODS and kind in _DATES:
        return Period(d.column, str(how.period)), ""
    numeric = kind in (ValueType.INTEGER, ValueType.NUMBER)
    if how.width is not None and numeric and float(how.width).is_integer() and how.low is None and how.high is None:
        return Band(d.column, int(how.width), kind), ""
    if how.prefix is not None and kind is ValueType.STRING:
        return Cut(d.column, how.prefix), ""
    return Suppressed(d.column), f"Kettle has no step for this generalisation of a {kind}"
