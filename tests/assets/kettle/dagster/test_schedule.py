"""START's scheduler as cron."""

import pytest
from lxml import etree

from assets.kettle.model import Options
from assets.kettle.schedule import cron_of

PARTS = {
    "hour": "12",
    "minutes": "5",
    "weekDay": "1",
    "DayOfMonth": "3",
    "intervalMinutes": "60",
    "intervalSeconds": "0",
}


@pytest.mark.parametrize(
    ("changes", "cron"),
    [
        ({}, ""),
        ({"schedulerType": "0"}, ""),
        ({"schedulerType": "1"}, "0 */1 * * *"),
        ({"schedulerType": "1", "intervalMinutes": "15"}, "*/15 * * * *"),
        ({"schedulerType": "1", "intervalMinutes": "7"}, "*/6 * * * *"),
        ({"schedulerType": "1", "intervalMinutes": "0", "intervalSeconds": "20"}, "* * * * *"),
        ({"schedulerType": "1", "intervalMinutes": "1500"}, "0 0 * * *"),
        ({"schedulerType": "2"}, "5 12 * * *"),
        ({"schedulerType": "3"}, "5 12 * * 1"),
        ({"schedulerType": "4"}, "5 12 3 * *"),
        ({"schedulerType": "2", "hour": "99", "minutes": "75"}, "15 4 * * *"),
        ({"schedulerType": "2", "hour": "²", "minutes": "-5"}, "0 0 * * *"),
        ({"schedulerType": "4", "DayOfMonth": "77"}, "5 12 31 * *"),
    ],
)
def test_each_kind_of_schedule(changes: dict[str, str], cron: str) -> None:
    entry = etree.Element("entry")
    for name, value in (PARTS | changes).items():
        etree.SubElement(entry, name).text = value
    assert cron_of(Options(entry)) == cron
