"""What search takes and gives, as plain values."""

from assets.catalog.model import Value


class Column(Value):
    """A column as search sees it.

    Attributes:
        labels: its semantic type in words, English and Chinese, such as ("mobile number", "手机号").
        values: values of a column that has few; a question that names one finds the column.
        date: it holds dates or times.
    """

    name: str
    comment: str = ""
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    date: bool = False


class Entry(Value):
    """An asset of the catalogue.

    Attributes:
        key: unique, such as `raw/retail/transactions`.
        kind: table, file, model, endpoint, index, report and so on.
        source: the source or domain it belongs to; assets of one source lend each other some context.
        synonyms: other names that people gave it.
        related: keys of assets that are joined to it.
        attributes: what people gave it beyond that: names and values, in both languages.
        changed: ISO 8601 moment of its last change, "" when unknown.
    """

    key: str
    kind: str = "table"
    title: str = ""
    description: str = ""
    source: str = ""
    columns: tuple[Column, ...] = ()
    tags: tuple[str, ...] = ()
    owner: str = ""
    synonyms: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    changed: str = ""
    attributes: tuple[str, ...] = ()


class Hit(Value):
    """A found asset; `score` compares hits of one question only, `reasons` are in words, the strongest first."""

    key: str
    score: float
    reasons: tuple[str, ...] = ()
    reasons_zh: tuple[str, ...] = ()

    def told(self, language: str) -> tuple[str, ...]:
        """The reasons in English or Chinese ("zh")."""
        return self.reasons_zh if language == "zh" else self.reasons
