"""Names of output files: date, time, copy and part numbers, extension, as the output steps put them together."""

from datetime import datetime

from assets.kettle.model import Options
from assets.kettle.values.convert import text_of
from assets.kettle.values.fields import Field, ValueType


def stamp(moment: datetime, mask: str) -> str:
    """A moment in a Java date mask."""
    return text_of(moment, Field("now", ValueType.DATE, mask=mask)) or ""


def output_name(base: str, options: Options, moment: datetime, *, part: int = 0, splitting: bool = False) -> str:
    """Base name, then date and time, copy number, partition and part number, without extension.

    `options` holds the tags of the `file` element: SpecifyFormat, date_time_format, add_date, add_time, split and
    haspartno.
    """
    name = base
    mask = options.text("date_time_format")
    if options.flag("SpecifyFormat") and mask:
        name += stamp(moment, mask)
    else:
        name += "_" + stamp(moment, "yyyyMMdd") if options.flag("add_date") else ""
        name += "_" + stamp(moment, "HHmmss") if options.flag("add_time") else ""
    name += "_0" if options.flag("split") else ""
    name += "_0" if options.flag("haspartno") else ""
    return f"{name}_{part}" if splitting else name
