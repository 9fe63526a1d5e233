"""Entries on XML files: well-formed, XSL transformation, validation; no entities of the documents, no network."""

from typing import Any

from lxml import etree

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.formats.xml_safe import BadXml, parse_xml
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import chosen, dated, padded, result_rows, tally_of
from assets.kettle.jobs.places import Place

ALL, GOOD, BAD = "all_filenames", "only_well_formed_filenames", "only_bad_formed_filenames"


def content(place: Place) -> bytes:
    """The bytes of a file."""
    with place.open() as stream:
        return stream.read()


class LocalOnly(etree.Resolver):  # type: ignore[misc]  # lxml has no types
    """Lets a schema or style sheet include files beside it, and nothing from the network."""

    def __init__(self, folder: Place) -> None:
        super().__init__()
        self.folder = folder

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:
        """The file, or an OSError."""
        if "://" in system_url and not system_url.startswith("file:"):
            raise OSError(f"{system_url} is refused: documents may not load from the network")
        place = Place(system_url) if system_url.startswith(("/", "file:")) else self.folder.child(system_url)
        if place.local is None or not place.exists():
            raise OSError(f"{system_url} does not exist")
        return self.resolve_filename(str(place.local), context)


def trusted(place: Place) -> Any:
    """A schema or style sheet as a tree. Raises KettleError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(LocalOnly(place.parent))
    base = str(place.local) if place.local is not None else place.text
    try:
        return etree.fromstring(content(place), parser, base_url=base)
    except etree.XMLSyntaxError as error:
        raise KettleError(f"{place.text}: {error}", "correct the file") from error


class XmlWellFormed(JobEntry):
    """Counts well-formed files; documents that declare entities count as bad."""

    types = ("XML_WELL_FORMED",)

    def execute(self, result: Result, nr: int) -> Result:
        """Reads each. Lines written are the good files, rejected the bad ones."""
        if self.options.flag("arg_from_previous"):
            wanted = [(row[0], padded(row, 2)[1]) for row in result_rows(result)]
        else:
            tags = ("source_filefolder", "wildcard")
            wanted = [(self.resolve(o.text(tags[0])), self.resolve(o.text(tags[1]))) for o in self._fields()]
        tally = tally_of(self, strict=True)
        added = self.options.text("resultfilenames", default=ALL)
        for place in self._files(wanted, tally):
            if tally.broken or self.run.stopped:
                break
            try:
                parse_xml(content(place))
            except BadXml as error:
                tally.bad += 1
                self.log(f"{place.text}: {error}", "ERROR")
                if added in (ALL, BAD):
                    self.add_file(result, place.text)
            else:
                tally.good += 1
                if added in (ALL, GOOD):
                    self.add_file(result, place.text)
        result = tally.into(result)
        result.lines.rejected = tally.bad
        return self.done(result, result.ok, 0 if result.ok else result.errors)

    def _fields(self) -> list[Any]:
        return self.options.rows("fields/field")

    def _files(self, wanted: list[tuple[str, str]], tally: Any) -> list[Place]:
        found: list[Place] = []
        for path, mask in wanted:
            place = Place(path)
            if place.exists():
                found += chosen(place, mask, deep=self.options.flag("include_subfolders"))
            else:
                tally.bad += 1
                self.log(f"{place.text} does not exist", "ERROR")
        return found


class Xslt(JobEntry):
    """Transforms an XML file by a style sheet, which may read files beside it only."""

    types = ("XSLT",)

    def execute(self, result: Result, nr: int) -> Result:
        """Transforms; from rows: XML, style sheet, output."""
        if self.options.flag("filenamesfromprevious"):
            wanted = [padded(row, 3)[:3] for row in result_rows(result)]
        else:
            wanted = [[self.text(tag) for tag in ("xmlfilename", "xslfilename", "outputfilename")]]
        for source, sheet, target in wanted:
            self._one(result, Place(source), Place(sheet), Place(target), self._parameters(result))
        return self.done(result)

    def _parameters(self, result: Result) -> dict[str, Any]:
        rows = result_rows(result)
        values = dict(zip(result.rows.layout.names, rows[0], strict=True)) if rows else {}
        found = {}
        for option in self.options.rows("parameters/parameter"):
            field, name = self.resolve(option.text("field")), self.resolve(option.text("name"))
            if name:
                found[name] = etree.XSLT.strparam(values.get(field, field))
        return found

    def _one(self, result: Result, source: Place, sheet: Place, target: Place, parameters: dict[str, Any]) -> None:
        if target.exists():
            rule = self.options.text("iffileexists", default="1")
            if rule == "2":
                raise KettleError(f"entry {self.name!r}: {target.text} exists already", "remove it")
            if rule == "0":
                target = Place(dated(target.text, self.options, unique=True))
            elif rule == "1":
                return
        access = etree.XSLTAccessControl(read_network=False, write_network=False, write_file=False, create_dir=False)
        try:
            transform = etree.XSLT(trusted(sheet), access_control=access)
            made = transform(parse_xml(content(source)), **parameters)
        except (BadXml, etree.XSLTError, etree.XMLSyntaxError, OSError) as error:
            raise KettleError(f"entry {self.name!r}: {error}", "correct the document or the style sheet") from error
        with target.writing() as stream:
            stream.write(bytes(made))
        if self.options.flag("addfiletoresult"):
            self.add_file(result, target.text)


class XsdValidator(JobEntry):
    """True when a file fits a schema; one that does not is a failure with an error."""

    types = ("XSD_VALIDATOR",)

    def execute(self, result: Result, nr: int) -> Result:
        """Validates."""
        named = self.text("xsdfilename")
        if not named:
            raise KettleError(
                f"entry {self.name!r}: no schema is named", "name it (one inside the document is not read)"
            )
        try:
            schema = etree.XMLSchema(trusted(Place(named)))
            document = parse_xml(content(Place(self.text("xmlfilename"))))
        except (BadXml, etree.XMLSchemaParseError, OSError) as error:
            raise KettleError(f"entry {self.name!r}: {error}", "correct the document or the schema") from error
        return _judged(self, result, schema, document)


class DtdValidator(JobEntry):
    """True when a file fits a DTD: a file, or the one inside the document."""

    types = ("DTD_VALIDATOR",)

    def execute(self, result: Result, nr: int) -> Result:
        """Validates."""
        try:
            document = parse_xml(content(Place(self.text("xmlfilename"))))
            if self.options.flag("dtdintern"):
                dtd = document.getroottree().docinfo.internalDTD
                if dtd is None:
                    raise KettleError(f"entry {self.name!r}: the document has no DTD", "name a DTD file")
            else:
                with Place(self.text("dtdfilename")).open() as stream:
                    dtd = etree.DTD(stream)
        except (BadXml, etree.DTDParseError) as error:
            raise KettleError(f"entry {self.name!r}: {error}", "correct the document or the DTD") from error
        return _judged(self, result, dtd, document)


def _judged(entry: JobEntry, result: Result, rules: Any, document: Any) -> Result:
    ok = bool(rules.validate(document))
    if not ok:
        entry.log(str(rules.error_log.last_error or "the document does not fit"), "ERROR")
    return entry.done(result, ok, 0 if ok else 1)
