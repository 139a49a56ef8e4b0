"""Sources that are away for hours: the servers stay, the pauses are bounded, and it goes on by itself.

The pauses of a follower pass at once here, and are counted as the hours that they would take.
"""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dataplane_plugins.discovery import aws, consul
from dataplane_plugins.discovery.engine import BackendWriter, Follower
from dataplane_plugins.discovery.entries import SourceEntries, SourceStatuses
from dataplane_plugins.discovery.sources import Source, SourceEntry
from tests.discovery.consul import ConsulDouble
from tests.discovery.support import TEXT, Discovering
from tests.discovery.test_aws import ENTRY, TAGS, Ec2Double, item

HOUR = 3600.0
LONGEST = 66.0
"""A minute, and the tenth by which pauses differ, so that servers do not ask at the same moment."""


class Hours(threading.Event):
    """Ends no pause before its time, which passes at once; `then` is done once after so many seconds."""

    def __init__(self, seconds: float, then: Callable[[], object]) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._left, self._then = seconds, then

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        before, self._left = self._left, self._left - timeout
        if before > 0 >= self._left:
            self._then()
        return self.is_set()


class Ending(SourceStatuses):
    """Ends what is followed once the source answers again."""

    over: threading.Event

    def succeeded(self, *given: object) -> None:
        super().succeeded(*given)  # type: ignore[arg-type]
        self.over.set()


def text_of(api: Discovering) -> str:
    """The configuration as it is now."""
    return api.app.services.config.snapshot().text


def followed(api: Discovering, source: Source, body: SourceEntry) -> Follower:
    """An entry and who follows it, until the source has answered once."""
    services = api.app.services
    entry = SourceEntries(services.state).create(source, body)
    statuses = Ending(services.state)
    follower = Follower(source, entry, BackendWriter(services), statuses)
    statuses.over = follower.stop
    return follower


def go_on(follower: Follower, hours: float, then: Callable[[], object]) -> list[float]:
    """Follow through hours after which something is done, until the source answers; the pauses."""
    assert isinstance(follower.statuses, Ending)
    clock = Hours(hours * HOUR, then)
    follower.stop = follower.statuses.over = clock
    follower._run()
    assert sum(clock.pauses) >= hours * HOUR
    return clock.pauses


@pytest.mark.parametrize("trouble", ["gone", "without a leader", "an expired token"])
def test_consul_is_away_for_eight_hours(tmp_path: Path, trouble: str) -> None:
    api = Discovering(tmp_path, TEXT)
    with ConsulDouble() as double:
        double.set("api", 1001, 1002)
        body = {"address": "127.0.0.1", "port": double.port, "enabled": True, "retry_timeout": 10, "token": "t0"}
        follower = followed(api, consul.SOURCE, body)
        follower._run()
        before = text_of(api)
        if trouble == "gone":
            double.stop()
        double.status = 500 if trouble == "without a leader" else 200
        double.token = "t1" if trouble == "an expired token" else ""

        def back() -> None:
            assert text_of(api) == before, "the servers stay"
            double.set("api", 1001, 1003)
            double.status, double.token = 200, ""
            if trouble == "gone":
                double.start()

        pauses = go_on(follower, 8, back)
    assert max(pauses) <= LONGEST
    assert len(pauses) < 8 * HOUR / 50, "once a minute, and not faster"
    assert set(_of_any(api).values()) == {"127.0.0.1:1001", "127.0.0.1:1003"}
    assert api.status["failures"] == 0


def test_ec2_refuses_an_expired_token_for_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api, double = Discovering(tmp_path, TEXT), Ec2Double()
    monkeypatch.setenv("AWS_ENDPOINT_URL", double.url)
    try:
        follower = followed(api, aws.SOURCE, {**ENTRY, "retry_timeout": 30})
        follower._run()
        before = text_of(api)
        expired = "<Response><Errors><Error><Code>RequestExpired</Code></Error></Errors></Response>"
        double.failure = 400, expired

        def back() -> None:
            assert text_of(api) == before, "the servers stay"
            assert "RequestExpired" in api.status["message"]
            double.failure = None
            double.pages = [item("i-2", "192.0.2.2", **TAGS)]

        pauses = go_on(follower, 12, back)
    finally:
        double.server.shutdown()
        double.server.server_close()
    assert max(pauses) <= LONGEST
    assert set(_of_any(api).values()) == {"192.0.2.2:8080"}
    assert api.status["failures"] == 0


def _of_any(api: Discovering) -> dict[str, str]:
    """The servers of the only backend that was made."""
    [backend] = api.app.services.config.snapshot().document.of_kind("backend")
    return api.servers(backend.name) or {}
