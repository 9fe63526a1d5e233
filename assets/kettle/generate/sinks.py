"""Where rows that are turned away are kept: a table, a text file, or a Dummy step that somebody connects."""

from dataclasses import dataclass

from assets.kettle.files.new import Settings
from assets.kettle.generate.part import Made, flag


@dataclass(frozen=True, slots=True)
class ToTable:
    """All fields of the rejected rows into a table of the same column names; the connection stands in the file."""

    connection: str
    table: str
    schema: str = ""
    truncate: bool = False


@dataclass(frozen=True, slots=True)
class ToFile:
    """A CSV file with a header line, UTF-8; the path may hold variables and has no ending."""

    path: str
    ending: str = "csv"


@dataclass(frozen=True, slots=True)
class ToDummy:
    """A step that does nothing: the rows can be seen there and led on by hand."""


Sink = ToTable | ToFile | ToDummy


def sink_step(sink: Sink, role: str, name: str, lane: int = 1) -> Made:
    """The step that takes the rows."""
    if isinstance(sink, ToTable):
        return Made(role, name, "TableOutput", table_output(sink, ()), lane)
    if isinstance(sink, ToFile):
        return Made(role, name, "TextFileOutput", _file(sink), lane)
    return Made(role, name, "Dummy", (), lane)


def table_output(target: ToTable, columns: tuple[tuple[str, str], ...]) -> Settings:
    """Settings of Table output; (column, field) pairs, or all fields when there are none."""
    pairs = [("field", [("column_name", column), ("stream_name", field)]) for column, field in columns]
    return [
        ("connection", target.connection),
        ("schema", target.schema),
        ("table", target.table),
        ("commit", "1000"),
        ("truncate", flag(target.truncate)),
        ("ignore_errors", "N"),
        ("use_batch", "Y"),
        ("specify_fields", flag(bool(columns))),
        ("partitioning_enabled", "N"),
        ("partitioning_field", ""),
        ("partitioning_daily", "N"),
        ("partitioning_monthly", "Y"),
        ("tablename_in_field", "N"),
        ("tablename_field", ""),
        ("tablename_in_table", "Y"),
        ("return_keys", "N"),
        ("return_field", ""),
        ("fields", pairs),
    ]


def _file(sink: ToFile) -> Settings:
    return [
        ("separator", ","),
        ("enclosure", '"'),
        ("enclosure_forced", "N"),
        ("enclosure_fix_disabled", "N"),
        ("header", "Y"),
        ("footer", "N"),
        ("format", "UNIX"),
        ("compression", "None"),
        ("encoding", "UTF-8"),
        ("endedLine", ""),
        ("fileNameInField", "N"),
        ("fileNameField", ""),
        ("create_parent_folder", "Y"),
        (
            "file",
            [
                ("name", sink.path),
                ("is_command", "N"),
                ("servlet_output", "N"),
                ("do_not_open_new_file_init", "N"),
                ("extention", sink.ending),
                ("append", "N"),
                ("split", "N"),
                ("haspartno", "N"),
                ("add_date", "N"),
                ("add_time", "N"),
                ("SpecifyFormat", "N"),
                ("date_time_format", ""),
                ("add_to_result_filenames", "Y"),
                ("pad", "N"),
                ("fast_dump", "N"),
                ("splitevery", ""),
            ],
        ),
        ("fields", ""),
    ]
