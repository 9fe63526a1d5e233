"""Which element of a step each metadata injection key stands for: two tables, in Kettle's and in Hop's names.

Layout of the files: type -> path of the elements above ("" for the step itself) -> key -> tag. `[]` after a tag marks
the element that is repeated per injected row. Hop's file holds what differs from Kettle's, and Hop's own types. A key
that one product does not know is looked up in the other's table, since both read the same tags.
"""

import json
from functools import cache
from pathlib import Path

# older spellings of keys, as PDI itself migrates them
_MIGRATED = {
    "SCHENAMENAMEFIELD": "SCHEMANAMEFIELD",
    "DATABASE_FIELD_NAME": "DATABASE_FIELDNAME",
    "STREAM_FIELDNAME": "DATABASE_STREAMNAME",
}
# types whose list is replaced as a whole; in all others the rows are laid over the elements that the template has
REPLACED = ("GroupBy", "Denormaliser", "DataGrid", "CsvInput", "getXMLData", "JsonOutput", "Janino", "ConcatFields")


def path_of(type_id: str, key: str, kind: str) -> str | None:
    """The path of a key's element such as "fields/field[]/name"; None when neither table has the key.

    Args:
        kind: "ktr" or "hpl": whose table is asked first.
    """
    names = ("kettle", "hop") if kind == "ktr" else ("hop", "kettle")
    for wanted in (key, _MIGRATED.get(key, key)):
        for name in names:
            found = _table(name).get(type_id, {}).get(wanted)
            if found is not None:
                return found
    return None


@cache
def _table(name: str) -> dict[str, dict[str, str]]:
    """Type -> key -> path."""
    text = Path(__file__).with_name(f"meta_keys_{name}.json").read_text(encoding="utf-8")
    return {
        type_id: {key: f"{path}/{tag}" if path else tag for path, keys in groups.items() for key, tag in keys.items()}
        for type_id, groups in json.loads(text).items()
    }
