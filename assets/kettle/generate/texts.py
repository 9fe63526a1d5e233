"""Lines of the steps that change texts in place: Replace in string and String operations."""

from assets.kettle.files.new import Settings
from assets.kettle.generate.part import flag


def replacement(field: str, pattern: str, by: str, *, case: bool = True, emptied: bool = False) -> Settings:
    """One line of Replace in string.

    Args:
        pattern: of Java.
        case: letters count as they are written.
        emptied: an empty text is to be there instead; `by` is "" then.
    """
    return [
        ("in_stream_name", field),
        ("out_stream_name", ""),
        ("use_regex", "yes"),
        ("replace_string", pattern),
        ("replace_by_string", by),
        ("set_empty_string", flag(emptied)),
        ("replace_field_by_string", ""),
        ("whole_word", "no"),
        ("case_sensitive", "yes" if case else "no"),
        ("is_unicode", "no"),
    ]


def operation(field: str, *, trim: str = "none", case: str = "none", digits: str = "none") -> Settings:
    """One line of String operations."""
    return [
        ("in_stream_name", field),
        ("out_stream_name", ""),
        ("trim_type", trim),
        ("lower_upper", case),
        ("padding_type", "none"),
        ("pad_char", ""),
        ("pad_len", ""),
        ("init_cap", "no"),
        ("mask_xml", "none"),
        ("digits", digits),
        ("remove_special_characters", "none"),
    ]
