"""Failed runs and checks reach the log file and a real webhook, each once, whatever the webhook does."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from core.errors import NotifyError, NotifyRefusedError
from core.settings import Settings
from resources.notify_log import LogNotifier
from resources.notify_webhook import WebhookNotifier
from sensors.alerts import SOURCES, alert_sensors, scrub
from tests.sensors.receiver import Receiver, receiving

ALERT = {"id": "run 1", "kind": "run", "title": "t", "text": "x", "run_id": "1", "time": 1.0}


@dg.asset
def broken() -> None:
    raise ValueError("cannot reach postgresql://user:hunter2@db/x with token=abc123")


@dg.asset
def fine() -> None: ...


def _check(name: str, passed: bool, severity: dg.AssetCheckSeverity) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=fine, name=name)
    def check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=passed, severity=severity, description=f"{name} says so")

    return check


CHECKS = [
    _check("green", True, dg.AssetCheckSeverity.ERROR),
    _check("amber", False, dg.AssetCheckSeverity.WARN),
    _check("red", False, dg.AssetCheckSeverity.ERROR),
    _check("crimson", False, dg.AssetCheckSeverity.ERROR),
]
JOB = dg.Definitions([broken, fine], asset_checks=CHECKS).resolve_implicit_global_asset_job_def()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


class Alerts:
    """Both sensors, with their cursors kept between ticks as the daemon does."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.settings, self.instance = settings, instance
        self.cursors: dict[str, str | None] = dict.fromkeys(SOURCES)
        self.messages: list[str] = []

    def tick(self) -> None:
        for sensor in alert_sensors(self.settings):  # made anew, as after a restart of the daemon
            context = dg.build_sensor_context(instance=self.instance, cursor=self.cursors[sensor.name])
            data = sensor.evaluate_tick(context)
            self.cursors[sensor.name] = data.cursor
            self.messages.append(data.skip_message or "")

    def run(self, *assets: dg.AssetsDefinition) -> dg.ExecuteInProcessResult:
        keys = [a.key for a in assets]
        return JOB.execute_in_process(instance=self.instance, asset_selection=keys, raise_on_error=False)

    def logged(self) -> list[dict[str, str]]:
        path = self.settings.home / "alerts.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def alerts(make_settings: Callable[..., Settings], receiver: Receiver, tmp_path: Path) -> Iterator[Alerts]:
    (tmp_path / "instance").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "instance")) as instance:
        found = Alerts(make_settings(alerts=receiver.url), instance)
        found.run(broken)  # before the first tick: history, not news
        found.tick()
        yield found


def test_each_failure_is_told_once_on_every_channel(alerts: Alerts, receiver: Receiver) -> None:
    assert alerts.logged() == receiver.alerts == []
    run = alerts.run(broken)
    alerts.run(fine)
    for _ in range(3):
        alerts.tick()
    kinds = ["run", "check", "check"]
    assert [a["kind"] for a in receiver.alerts] == kinds
    assert alerts.logged() == receiver.alerts
    first = receiver.alerts[0]
    assert first["run_id"] == run.run_id and first["title"] == "Run of __ASSET_JOB failed"
    assert "broken: ValueError: cannot reach postgresql://user:***@db/x with token=***" in first["text"]
    assert {a["title"] for a in receiver.alerts[1:]} == {f"Check {n} of fine failed" for n in ("red", "crimson")}
    assert len(set(receiver.keys)) == 3


@pytest.mark.parametrize("status", [500, 503, 404])
def test_a_webhook_that_is_down_is_tried_again_and_never_holds_up_the_log(
    alerts: Alerts, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    alerts.run(broken)
    alerts.tick()
    alerts.tick()
    assert len(alerts.logged()) == 1 and receiver.alerts == []
    assert any("answered with status" in m and "tried again" in m for m in alerts.messages)
    assert not any("very-private-path" in m for m in alerts.messages)
    receiver.status = 200
    alerts.run(broken)
    alerts.tick()
    alerts.tick()
    assert [a["id"] for a in receiver.alerts] == [a["id"] for a in alerts.logged()]
    assert len(receiver.alerts) == 2


def test_an_alert_the_receiver_refuses_does_not_stop_the_next(alerts: Alerts, receiver: Receiver) -> None:
    receiver.status = 422
    alerts.run(broken)
    alerts.tick()
    receiver.status = 200
    second = alerts.run(broken)
    alerts.tick()
    assert [a["run_id"] for a in receiver.alerts] == [second.run_id]
    assert len(alerts.logged()) == 2


def test_a_lost_cursor_does_not_write_the_log_twice(alerts: Alerts) -> None:
    before = dict(alerts.cursors)
    alerts.run(broken)
    alerts.tick()
    alerts.cursors = before
    alerts.tick()
    assert len(alerts.logged()) == 1


def test_webhook_faults_are_told_apart_without_the_address(receiver: Receiver) -> None:
    slow = WebhookNotifier(receiver.url, timeout=0.1)
    receiver.silent = 0.4
    with pytest.raises(NotifyError, match=r"did not answer within 0\.1 s") as error:
        slow.send(ALERT)
    assert "private" not in str(error.value)
    with pytest.raises(NotifyError, match="cannot be reached"):
        WebhookNotifier("http://127.0.0.1:9/secret").send(ALERT)
    receiver.silent, receiver.status = 0.0, 400
    with pytest.raises(NotifyRefusedError, match="refused an alert with status 400"):
        WebhookNotifier(receiver.url).send(ALERT)


def test_the_log_survives_half_a_line_and_skips_what_it_holds(tmp_path: Path) -> None:
    log = LogNotifier(tmp_path / "logs" / "alerts.jsonl")
    log.send(ALERT)
    with log.path.open("ab") as file:
        file.write(b'{"id": "run 2", "ki')  # a process killed while writing
    log.send(ALERT | {"id": "run 2", "text": "两\nlines"})
    log.send(ALERT)
    lines = log.path.read_bytes().splitlines()
    assert len(lines) == 3 and json.loads(lines[2])["text"] == "两\nlines"


def test_a_log_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotifyError, match=r"cannot write .*alerts\.jsonl"):
        LogNotifier(tmp_path / "file" / "alerts.jsonl").send(ALERT)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://me:p@ss@host/db", "p@ss"),
        ("Authorization: Bearer abcdef.123456", "abcdef.123456"),
        ("OPENAI_API_KEY=sk-12345 failed", "sk-12345"),
        ('{"password": "correct horse"}', "correct"),
        ("https://x/?access_token=abc&y=1", "abc&"),
    ],
)
def test_secrets_do_not_leave_in_texts(text: str, hidden: str) -> None:
    assert hidden not in scrub(text) and "***" in scrub(text)
    assert len(scrub("long " * 1000)) < 1600
