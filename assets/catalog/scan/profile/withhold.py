"""Takes the values out of a profile whose column is sensitive."""

from assets.catalog.model import Profile


def withhold(profile: Profile) -> Profile:
    """The profile without anything that is, or shows, a value: counts, lengths and shapes stay."""
    return profile.model_copy(
        update={
            "low": "",
            "high": "",
            "mean": None,
            "deviation": None,
            "quantiles": (),
            "top": (),
            "histogram": (),
            "withheld": True,
        }
    )
