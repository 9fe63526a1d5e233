"""Decisions on rules, made of the state of the file that was shown; each returns the page to go to."""

import json
from typing import Any

from assets.quality.rules.model import Action, Rule, Status
from assets.quality.rules.registry import kind
from core.errors import HeddleError
from serving.studio import rulebook
from serving.studio.forms import Form
from serving.studio.visit import Visit, link

ACTIONS: tuple[Action, ...] = ("report", "reject", "repair")
LONGEST_NOTE, LONGEST_PARAMS = 1000, 50_000


def rule(visit: Visit, form: Form) -> str:
    """Accepts, refuses or sets back one rule, with its action, parameters and a note as they are in the form.

    Raises:
        HeddleError: the parameters are none of this kind, or the kind repairs nothing.
        ConflictError: somebody else changed the rules meanwhile.
    """
    studio, table = visit.studio, form.get("table", "")
    files = rulebook.known(studio, table)
    found = next((r for r in files.read(table) if r.id == form.get("rule")), None)
    if found is None:
        raise HeddleError("there is no such rule any more", "open the page again")
    action = _action(form)
    if action == "repair" and not kind(found.kind).repairs:
        raise HeddleError(f"rules of kind {found.kind} repair nothing", "choose report or reject")
    params = _params(form, found, rulebook.guarded(studio, table))
    files.decide(table, [found.id], _status(form), studio.who, note=_note(form), action=action, params=params,
                 expected=_mark(form))  # fmt: skip
    return link("/quality/table", table=table, status=form.get("back", "")) + f"#{found.id}"


def several(visit: Visit, form: Form) -> str:
    """Accepts all proposals of at least a confidence.

    Raises:
        HeddleError: the confidence is no percentage, or nothing is that sure.
        ConflictError: somebody else changed the rules meanwhile.
    """
    studio, table = visit.studio, form.get("table", "")
    files = rulebook.known(studio, table)
    text = form.get("least", "").strip().rstrip("%")
    if not (text.isascii() and text.isdigit() and int(text) <= 100):
        raise HeddleError("the confidence is no percentage", "write a number from 0 to 100")
    sure = [r.id for r in files.read(table) if r.status == "proposed" and round(100 * r.confidence) >= int(text)]
    if not sure:
        raise HeddleError(f"no proposal of {table} has a confidence of {text} %", "choose a lower one")
    files.decide(table, sure, "accepted", studio.who, note=_note(form), expected=_mark(form))
    return link("/quality/table", table=table)


def _status(form: Form) -> Status:
    wanted: dict[str, Status] = {"accepted": "accepted", "refused": "refused", "proposed": "proposed"}
    if form.get("status") not in wanted:
        raise HeddleError("the form neither accepts nor refuses", "open the page again")
    return wanted[form["status"]]


def _action(form: Form) -> Action:
    found = next((a for a in ACTIONS if a == form.get("action")), None)
    if found is None:
        raise HeddleError("the form names no action", f"choose one of {', '.join(ACTIONS)}")
    return found


def _params(form: Form, found: Rule, hidden: set[str]) -> dict[str, Any] | None:
    """Other parameters, or None where they are as they were, or their values are not shown."""
    text = form.get("params", "").strip()
    if not text or hidden & set(found.columns):
        return None
    if len(text) > LONGEST_PARAMS:
        raise HeddleError(f"the parameters have {len(text):,} characters", f"write at most {LONGEST_PARAMS:,}")
    try:
        params = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HeddleError(f"the parameters are no JSON: {error}", 'write them as {"name": value}') from None
    if not isinstance(params, dict):
        raise HeddleError("the parameters are no JSON object", 'write them as {"name": value}')
    return None if params == json.loads(json.dumps(found.params, default=str)) else params


def _note(form: Form) -> str:
    note = form.get("note", "").strip()
    if len(note) > LONGEST_NOTE:
        raise HeddleError(f"the note has {len(note):,} characters", f"write at most {LONGEST_NOTE:,}")
    return note


def _mark(form: Form) -> str:
    mark = form.get("mark", "")
    if not mark:
        raise HeddleError("the form does not say which state of the rules it was made of", "open the page again")
    return mark
