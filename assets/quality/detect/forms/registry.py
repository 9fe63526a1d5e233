"""The detectors of writings, in the order in which they are asked; later ones see what earlier ones found."""

from collections.abc import Callable, Mapping

from assets.quality.detect.coded import Coded
from assets.quality.detect.forms import dates, encoding, missing, precision, spaces, units, variants
from assets.quality.detect.forms.model import Form

Detector = Callable[[Coded, Mapping[int, Form]], dict[int, Form]]
DETECTORS: Mapping[str, Detector] = {
    "encoding": encoding.find,
    "spaces": spaces.find,
    "missing": missing.find,
    "dates": dates.find,
    "precision": precision.find,
    "units": units.find,
    "variants": variants.find,
}


def forms(column: Coded, without: frozenset[str] = frozenset()) -> dict[int, Form]:
    """What each code of a column should be written as.

    Args:
        without: detectors that are not to be asked.
    """
    found: dict[int, Form] = {}
    for name, detector in DETECTORS.items():
        if name not in without:
            for code, form in detector(column, found).items():
                found.setdefault(code, form)
    return found
