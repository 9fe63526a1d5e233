"""What an import brought."""

from dataclasses import dataclass, field

from assets.catalog.lineage.model import Stated


@dataclass
class Taken:
    """Good rows as what they state; bad ones told, each with its line."""

    stated: list[Stated] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
