"""Changes to a model's tree: steps, entries, hops, single options. The model's values follow.

White space is kept as Kettle lays files out, so that a change shows in a diff as the lines it is about.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from assets.kettle.errors import KettleError
from assets.kettle.files.read import JOBS, TRANSFORMATIONS, number, refresh
from assets.kettle.model import Job, Transformation

INDENT = "  "


def set_text(model: Transformation | Job, step: str, tag: str, text: str, nr: int = 0) -> None:
    """Sets an option of a step or entry; `tag` may be a path such as "lookup/from", made where it is absent.

    A password is written obscured unless it is a variable. Raises KettleError for an unknown step, for its name,
    and for a text that XML cannot hold.
    """
    element = _node(model, step, nr)
    if tag == "name":
        raise KettleError(f"step {step!r}: its hops know it by its name", "add a step of the new name instead")
    try:
        etree.Element("text").text = text
    except ValueError:
        what = f"step {step!r}: {tag} gets a control character"
        raise KettleError(what, "XML cannot hold it; leave it out") from None
    if element.find(f"{tag}/*") is not None:
        raise KettleError(f"step {step!r}: {tag} holds other elements, not a text", "name the element inside it")
    for part in tag.split("/"):
        found = element.find(part)
        if found is None:
            found = etree.Element(part)
            insert(element, len(element), found)
        element = found
    del element[:]  # comments in the old text
    element.text = text or None
    refresh(model)


def replace_step(model: Transformation | Job, name: str, element: Any, nr: int = 0) -> None:
    """Puts another element in the place of a step or entry of the same name. Raises KettleError."""
    old = _node(model, name, nr)
    if element.tag != old.tag or (element.findtext("name") or "").lower() != name.lower():
        raise KettleError(f"step {name!r}: it would be replaced by <{element.tag}> of another name", "keep its name")
    parent = old.getparent()
    tail = old.tail
    parent.replace(old, element)
    element.tail = tail
    layout(element, _lead(parent))
    refresh(model)


def add_step(model: Transformation | Job, element: Any) -> None:
    """Adds a step or entry after the last one. Raises KettleError when the name is taken or missing."""
    name, nr = element.findtext("name") or "", number(element.findtext("nr") or "")
    if not name:
        raise KettleError("a step without a name cannot be added", "give it a <name>")
    if _find(model, name, nr) is not None:
        raise KettleError(f"there is a step {name!r} already", "choose another name")
    last = list(_nodes(model))
    if last:
        parent = last[-1].getparent()
        insert(parent, parent.index(last[-1]) + 1, element)
    elif isinstance(model, Job):
        holder = _holder(model, _paths(model)[0])
        insert(holder, len(holder), element)
    else:
        root = model.document.root
        insert(root, root.index(_holder(model, "order")) + 1, element)
    refresh(model)


def remove_step(model: Transformation | Job, name: str, nr: int = 0) -> None:
    """Takes a step or entry out, with its hops and its error handling. Raises KettleError for an unknown one."""
    remove(_node(model, name, nr))
    for hop in list(_hops(model)):
        if any(_at(hop, end, model) == (name.lower(), nr) for end in ("from", "to")):
            remove(hop)
    if not isinstance(model, Job):
        shape = TRANSFORMATIONS[model.document.root.tag]
        for error in model.document.root.findall(f"{shape.error_handling}/error"):
            ends = (error.findtext(tag) or "" for tag in (*shape.error_source, *shape.error_target))
            if name.lower() in map(str.lower, ends):
                remove(error)
    refresh(model)


def add_hop(
    model: Transformation | Job,
    source: str,
    target: str,
    *,
    enabled: bool = True,
    evaluation: bool | None = None,
    source_nr: int = 0,
    target_nr: int = 0,
) -> None:
    """Adds a hop after the last one. In a job it is followed always unless `evaluation` says on which result.

    Raises KettleError for an unknown step or a hop that is there already.
    """
    _node(model, source, source_nr)
    _node(model, target, target_nr)
    if _hop(model, source, target, source_nr, target_nr) is not None:
        raise KettleError(f"there is a hop from {source!r} to {target!r} already", "change that one")
    values = {"from": source, "to": target}
    if isinstance(model, Job):
        values |= {"from_nr": str(source_nr), "to_nr": str(target_nr)}
    values["enabled"] = "Y" if enabled else "N"
    if isinstance(model, Job):
        values["evaluation"] = "N" if evaluation is False else "Y"
        values["unconditional"] = "Y" if evaluation is None else "N"
    element = etree.Element("hop")
    for tag, text in values.items():
        etree.SubElement(element, tag).text = text
    holder = _holder(model, "hops" if isinstance(model, Job) else "order")
    insert(holder, len(holder), element)
    refresh(model)


def remove_hop(
    model: Transformation | Job, source: str, target: str, *, source_nr: int = 0, target_nr: int = 0
) -> None:
    """Takes a hop out. Raises KettleError when there is none."""
    hop = _hop(model, source, target, source_nr, target_nr)
    if hop is None:
        raise KettleError(f"there is no hop from {source!r} to {target!r}", "name one that is there")
    remove(hop)
    refresh(model)


def add_connection(model: Transformation | Job, element: Any) -> None:
    """Adds a connection after the last one, or where Kettle puts the first. Raises KettleError for a taken name."""
    name = element.findtext("name") or ""
    if name in model.connections:
        raise KettleError(f"there is a connection {name!r} already", "choose another name")
    root = model.document.root
    there = root.findall("connection")
    before = root.find(_paths(model)[0] if isinstance(model, Job) else "order")
    position = root.index(there[-1]) + 1 if there else len(root) if before is None else root.index(before)
    insert(root, position, element)
    refresh(model)


def insert(parent: Any, position: int, element: Any) -> None:
    """Puts an element among a parent's children, on a line of its own where the file is laid out in lines."""
    lead = _lead(parent)
    last = position == len(parent)
    closing = (parent[-1].tail if len(parent) else None) or _lead(parent.getparent())
    if last and not len(parent):
        parent.text = lead
    elif last:
        parent[-1].tail = lead
    elif not len(parent):
        parent.text = lead
    parent.insert(position, element)
    element.tail = closing if last else lead
    layout(element, lead)


def remove(element: Any) -> None:
    """Takes an element out with the white space that led to it."""
    parent, previous = element.getparent(), element.getprevious()
    if element.getnext() is None:
        if previous is not None:
            previous.tail = element.tail
        else:
            parent.text = None
    parent.remove(element)


def layout(element: Any, lead: str | None) -> None:
    """Lays the children of a new element out one per line under `lead`, the white space before it.

    Elements with text between their children stay as they are.
    """
    texts = (element.text, *(child.tail for child in element))
    if not len(element) or any((text or "").strip() for text in texts):
        return
    inner = lead + INDENT if lead and "\n" in lead else lead
    element.text = inner
    for child in element:
        layout(child, inner)
        child.tail = inner
    element[-1].tail = lead


def _lead(parent: Any) -> str | None:
    """The white space that leads to the children of `parent`: a line end with indentation, or None."""
    if parent is None:
        return None
    if len(parent):
        text = parent.text or ""
        return text[text.rindex("\n") :] if "\n" in text and not text.strip() else None
    above = _lead(parent.getparent())
    if above is None:
        return None
    return above + INDENT


def _paths(model: Transformation | Job) -> tuple[str, str]:
    """Where the nodes are: the element that holds them ("" for the root) and their tag."""
    tag = model.document.root.tag
    path = JOBS[tag].node if isinstance(model, Job) else TRANSFORMATIONS[tag].node
    holder, _, node = path.rpartition("/")
    return holder, node


def _nodes(model: Transformation | Job) -> Iterator[Any]:
    holder, node = _paths(model)
    yield from model.document.root.iterfind(f"{holder}/{node}" if holder else node)


def _find(model: Transformation | Job, name: str, nr: int) -> Any:
    """The element of a step or entry; of a repeated name the last, which is the one that counts."""
    found = None
    for element in _nodes(model):
        place = number(element.findtext("nr") or "") if isinstance(model, Job) else 0
        if (element.findtext("name") or "").lower() == name.lower() and place == nr:
            found = element
    return found


def _node(model: Transformation | Job, name: str, nr: int) -> Any:
    found = _find(model, name, nr)
    if found is None:
        there = ", ".join(e.findtext("name") or "" for e in _nodes(model))
        raise KettleError(f"{model.name}: there is no step {name!r}", f"there are: {there}")
    return found


def _hops(model: Transformation | Job) -> Iterator[Any]:
    yield from model.document.root.iterfind("hops/hop" if isinstance(model, Job) else "order/hop")


def _at(hop: Any, end: str, model: Transformation | Job) -> tuple[str, int]:
    nr = number(hop.findtext(f"{end}_nr") or "") if isinstance(model, Job) else 0
    return (hop.findtext(end) or "").lower(), nr


def _hop(model: Transformation | Job, source: str, target: str, source_nr: int, target_nr: int) -> Any:
    wanted = (source.lower(), source_nr), (target.lower(), target_nr)
    return next((h for h in _hops(model) if (_at(h, "from", model), _at(h, "to", model)) == wanted), None)


def _holder(model: Transformation | Job, tag: str) -> Any:
    """The element under the root of that tag; it is made when absent."""
    root = model.document.root
    found = root.find(tag)
    if found is None:
        found = etree.Element(tag)
        first = root.find(_paths(model)[1])
        insert(root, len(root) if first is None else root.index(first), found)
    return found
