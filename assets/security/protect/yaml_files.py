"""Files of policies and budgets. What is wrong is told by place alone: the parser's words quote the line, which may be
anything, a key pasted into the wrong file too.
"""

from pathlib import Path
from typing import Any

import yaml

from assets.security.protect.errors import ProtectionError


def read_mapping(path: Path) -> dict[str, Any]:
    """What a YAML file says, nothing where it is empty. Raises ProtectionError: it cannot be read, or is no mapping."""
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise ProtectionError(f"{path} cannot be read: {_why(error)}", "correct the file") from None
    if not isinstance(said, dict | None):
        raise ProtectionError(f"{path} is no mapping", "write lines such as `purpose: analytics`")
    return {str(name): value for name, value in (said or {}).items()}


def _why(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1} is no YAML"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, ValueError) and not isinstance(error, UnicodeDecodeError):
        return "it holds a day that does not exist, or a number too long"
    return error.strerror or "" if isinstance(error, OSError) else "it is no text in UTF-8 without control characters"
