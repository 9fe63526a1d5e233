"""A column added to a remote table, or dropped: the fields, then the DDL to be read, then run and logged."""

from collections.abc import Mapping

from assets.catalog.remote.actions import ACTIONS, Action, Done, act
from core.errors import HeddleError
from core.hashing import digest
from serving.studio.fields import AgainError, Errors, status_of
from serving.studio.forms import Form
from serving.studio.pages.remote import check
from serving.studio.texts import MissingError
from serving.studio.visit import Visit, link


def page(visit: Visit) -> str:
    """The form of `?key=&action=`; with `&review=1` and its fields, the DDL that it comes to."""
    key = visit["key"]
    check(visit, key)
    action = _action(visit["action"])
    fields = {name: visit[name] for name in action.fields}
    if visit["review"] != "1" and not (action.name == "drop_column" and fields["column"]):
        return _form(visit, key, action, fields, {})
    errors = _missing(visit, action, fields)
    if errors:
        return _form(visit, key, action, fields, errors)
    try:
        return _review(visit, key, action, fields, "")
    except HeddleError as error:
        return _form(visit, key, action, fields, _beside(error, fields))


def run(visit: Visit, form: Form) -> str:
    """Runs the DDL that was shown.

    Raises:
        AgainError: it is other DDL by now, or the database refuses; that is in the log too.
    """
    key, action, studio = form.get("key", ""), _action(form.get("action", "")), visit.studio
    check(visit, key)
    fields = {name: form.get(name, "") for name in action.fields}
    try:
        if form.get("shown") != _mark(_plan(visit, key, action, fields)):
            raise AgainError(_review(visit, key, action, fields, visit.say("e_conflict")), 409)
        act(studio.settings, studio.versions, key, action.name, fields, studio.who, run=True)
    except HeddleError as error:
        try:
            shown = _review(visit, key, action, fields, error.what)
        except HeddleError:  # the table is another one by now
            shown = _form(visit, key, action, fields, {"": error.what})
        raise AgainError(shown, status_of(error)) from None
    return link("/remote", key=key)


def _action(name: str) -> Action:
    action = ACTIONS.get(name)
    if action is None or action.plan is None:
        raise MissingError(name)
    return action


def _plan(visit: Visit, key: str, action: Action, fields: Mapping[str, str]) -> Done:
    return act(visit.studio.settings, visit.studio.versions, key, action.name, fields, visit.studio.who)


def _mark(done: Done) -> str:
    return digest([s.sql for s in done.statements])


def _missing(visit: Visit, action: Action, fields: Mapping[str, str]) -> Errors:
    needed = [f for f, says in action.fields.items() if not says.endswith("or empty")]
    return {f: visit.say("e_empty") for f in needed if not fields[f]}


def _beside(error: HeddleError, fields: Mapping[str, str]) -> Errors:
    """The error beside the field that it speaks of; its words have the column's name too, so that comes last."""
    said = error.what.removeprefix(f"column {fields['column']}: ")
    words = said.replace(fields["column"], "").split()
    return {next((f for f in ("type", "default", "column") if f in fields and f in words), ""): said}


def _form(visit: Visit, key: str, action: Action, fields: Mapping[str, str], errors: Errors) -> str:
    return visit.page(
        "remote_change.html",
        visit.say(f"do_{action.name}"),
        key=key,
        action=action.name,
        fields=fields,
        errors=errors,
    )


def _review(visit: Visit, key: str, action: Action, fields: Mapping[str, str], problem: str) -> str:
    done = _plan(visit, key, action, fields)
    source, here = key.partition("/")[0], link("/remote", key=key)
    back = link("/remote/change", key=key, action=action.name, **fields) if action.name == "add_column" else here
    return visit.page(
        "review.html",
        visit.say(f"do_{action.name}"),
        crumbs=[("/sources", visit.say("sources")), (link("/source", name=source), source), (here, key)],
        says=visit.say("ddl_runs", source=source),
        statements=[(s.sql, s.loses) for s in done.statements],
        action="/remote/change",
        hidden={"key": key, "action": action.name, "shown": _mark(done)} | dict(fields),
        button=visit.say("run_ddl"),
        back=back,
        problem=problem,
    )
