"""Methods by name: each is the class `Method` of the module `methods/<name>.py`, imported on first use."""

from functools import lru_cache
from importlib import import_module

from assets.security.protect import methods
from assets.security.protect.base import Method
from assets.security.protect.errors import ProtectionError
from core import plugins


def names() -> tuple[str, ...]:
    """All methods. A name that ends in _ is that of a Python word."""
    return tuple(sorted(module.rstrip("_") for module in plugins.names(methods)))


@lru_cache
def method(name: str) -> Method:
    """A method by its name. Raises ProtectionError for one that is not there."""
    if name not in names():
        raise ProtectionError(f"there is no method {name!r}", f"the methods are {', '.join(names())}")
    module = import_module(f"{methods.__name__}.{name}{'_' if name == 'pass' else ''}")
    found: Method = module.Method()
    return found
