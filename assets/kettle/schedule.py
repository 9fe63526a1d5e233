"""The schedule of a job's START entry as a cron expression."""

from assets.kettle.model import Options

_NONE, _INTERVAL, _DAILY, _WEEKLY, _MONTHLY = "0", "1", "2", "3", "4"
_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
_HOURS = (1, 2, 3, 4, 6, 8, 12)


def cron_of(start: Options) -> str:
    """The cron expression of START's scheduler, "" when it has none.

    An interval that cron cannot say becomes the next shorter one that divides an hour or a day; less than a minute
    becomes a minute. Times beyond the clock roll over, as Java's calendar rolls them. Days of the week count from
    Sunday (0), as in cron. A day that a month lacks is left out, where Kettle runs a few days later.
    """
    hour, minute = divmod(_number(start, "hour") * 60 + _number(start, "minutes"), 60)
    daily = f"{minute} {hour % 24}"
    kind = start.text("schedulerType", default=_NONE).strip()
    found = {
        _INTERVAL: _interval(_number(start, "intervalMinutes") * 60 + _number(start, "intervalSeconds")),
        _DAILY: f"{daily} * * *",
        _WEEKLY: f"{daily} * * {_number(start, 'weekDay') % 7}",
        _MONTHLY: f"{daily} {min(31, max(1, _number(start, 'DayOfMonth', 'dayOfMonth')))} * *",
    }
    return found.get(kind, "")


def _interval(seconds: int) -> str:
    minutes = max(1, seconds // 60)
    if minutes < 60:
        return f"*/{max(m for m in _MINUTES if m <= minutes)} * * * *" if minutes > 1 else "* * * * *"
    hours = minutes // 60
    return f"0 */{max(h for h in _HOURS if h <= hours)} * * *" if hours < 24 else "0 0 * * *"


def _number(options: Options, *tags: str) -> int:
    text = options.text(*tags).strip()
    return int(text) if text.isdecimal() else 0


def cadence(cron: str) -> str:
    """A word for how often a cron expression comes up: minutely, hourly, daily, weekly, monthly."""
    minute, hour, day, _, weekday = cron.split()
    if day != "*":
        return "monthly"
    if weekday != "*":
        return "weekly"
    if minute.isdigit() and hour.isdigit():
        return "daily"
    return "hourly" if minute.isdigit() else "minutely"
