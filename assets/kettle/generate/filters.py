"""Rules that keep rows: Filter rows with a real condition tree, Sort rows with Unique rows; the others are kept too."""

from collections.abc import Mapping, Sequence

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings
from assets.kettle.generate.conditions import Condition, condition_settings
from assets.kettle.generate.part import Errors, Made, Part, Role, flag
from assets.kettle.generate.sinks import Sink, ToDummy, sink_step
from assets.kettle.values.fields import ValueType

Key = tuple[str, bool]  # field, ascending


def filter_part(
    part_id: str,
    condition: Condition,
    types: Mapping[str, ValueType],
    rejects: Sink | None = None,
    *,
    name: str = "filter rows",
) -> Part:
    """The rows for which the condition is true go on; all others (false and unknown) go to `rejects`. KettleError."""
    settings: Settings = [
        ("send_true_to", Role("accepted")),
        ("send_false_to", Role("rejected")),
        ("compare", condition_settings(condition, types)),
    ]
    return Part(
        part_id,
        (
            Made("filter", name, "FilterRows", settings),
            Made("accepted", f"{name}: accepted", "Dummy"),
            sink_step(rejects or ToDummy(), "rejected", f"{name}: rejected"),
        ),
        (("filter", "accepted"), ("filter", "rejected")),
        "filter",
        "accepted",
    )


def unique_part(
    part_id: str,
    keys: Sequence[str],
    rejects: Sink | None = None,
    *,
    prefer: Sequence[Key] = (),
    case_sensitive: bool = True,
    name: str = "unique rows",
) -> Part:
    """One row per key goes on, its duplicates go to `rejects` with the fields `error_text` and `error_code`.

    The row that stays is the first by `prefer`, then by the order of the input. Null and '' are one key value. Raises
    KettleError without a key.
    """
    if not keys:
        raise KettleError("unique rows without a key", "name the fields that make a row unique")
    cases = [(key, case_sensitive) for key in keys]
    sort = sort_settings([(key, True, case) for key, case in cases] + [(f, up, True) for f, up in prefer])
    unique: Settings = [
        ("count_rows", "N"),
        ("count_field", ""),
        ("reject_duplicate_row", "Y"),
        ("error_description", f"another row has the same {', '.join(keys)}"),
        ("fields", [("field", [("name", key), ("case_insensitive", flag(not case))]) for key, case in cases]),
    ]
    return Part(
        part_id,
        (
            Made("sort", f"{name}: sort", "SortRows", sort),
            Made("unique", name, "Unique", unique),
            sink_step(rejects or ToDummy(), "duplicates", f"{name}: duplicates"),
        ),
        (("sort", "unique"), ("unique", "duplicates")),
        "sort",
        "unique",
        (Errors("unique", "duplicates", description="error_text", codes="error_code"),),
    )


def sort_settings(keys: Sequence[tuple[str, bool, bool]]) -> Settings:
    """Settings of Sort rows for (field, ascending, case sensitive)."""
    fields: Settings = [
        (
            "field",
            [
                ("name", name),
                ("ascending", flag(ascending)),
                ("case_sensitive", flag(case)),
                ("collator_enabled", "N"),
                ("collator_strength", "0"),
                ("presorted", "N"),
            ],
        )
        for name, ascending, case in keys
    ]
    return [
        ("directory", "${java.io.tmpdir}"),
        ("prefix", "out"),
        ("sort_size", "1000000"),
        ("free_memory", ""),
        ("compress", "N"),
        ("compress_variable", ""),
        ("unique_rows", "N"),
        ("fields", fields),
    ]
