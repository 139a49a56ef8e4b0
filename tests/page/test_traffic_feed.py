"""One look at HAProxy for all viewers: whole first, then what has changed."""

import itertools
import json
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core.errors import StorageFailed
from dataplane_core.plugin import RuntimeUnreachable, TooMany
from dataplane_plugins.page import traffic_feed
from dataplane_plugins.page.traffic_feed import TrafficHub

HEAD = "# pxname,svname,scur,stot,status,lastchg,iid,type,rate,\n"


class Process:
    """A HAProxy that says what it is told to."""

    def __init__(self) -> None:
        self.rows = ["site,FRONTEND,0,1,OPEN,,2,0,0,", "web,BACKEND,0,1,UP,9,3,1,0,"]
        self.servers = ["web,web1,0,1,UP,9,3,2,0,"]
        self.asked: list[str] = []
        self.is_away = False

    def dump(self, command: str) -> bytes:
        self.asked.append(command)
        if self.is_away:
            raise RuntimeUnreachable("HAProxy does not answer")
        if command == "show stat -1 4 -1":
            return (HEAD + "\n".join([*self.servers, "web,web2,0,1,DOWN,9,3,2,0,"]) + "\n").encode()
        rows = self.rows if command == "show stat -1 3 -1" else self.servers
        return (HEAD + "\n".join(rows) + "\n").encode()


class Viewer:
    """Takes what a feed pushes."""

    def __init__(self) -> None:
        self.unsent, self.got, self.ended = 0, list[dict[str, Any]](), False

    def push(self, data: bytes) -> None:
        self.got.append(json.loads(data.partition(b"data: ")[2]))

    def finish(self) -> None:
        self.ended = True


@pytest.fixture
def process() -> Process:
    return Process()


def hub_of(process: Process, limit: int = 8) -> TrafficHub:
    hub = TrafficHub(SimpleNamespace(processes=lambda: [process]), limit)  # type: ignore[arg-type]
    hub._runs = True  # looks are made by the test, not by the thread
    return hub


def viewer_of(hub: TrafficHub, servers: str = "") -> Viewer:
    viewer = Viewer()
    hub.open(servers).attach(viewer)
    return viewer


def test_a_viewer_gets_all_and_then_what_differs(process: Process) -> None:
    hub = hub_of(process)
    first = viewer_of(hub)
    hub._show()
    process.rows[1] = "web,BACKEND,7,9,UP,9,3,1,0,"
    late = viewer_of(hub)
    hub._show()
    assert first.got[0]["whole"] and [*first.got[0]["backends"]] == ["web"]
    assert first.got[1]["frontends"] == {} and [*first.got[1]["backends"]] == ["web"]
    assert late.got[0]["whole"]
    del process.rows[1]
    hub._show()
    assert late.got[1]["backends"] == {"web": None}


def test_servers_are_asked_for_once_for_all_who_look_at_them(process: Process) -> None:
    hub = hub_of(process)
    viewers = [viewer_of(hub, "web"), viewer_of(hub, "web"), viewer_of(hub)]
    hub._show()
    hub._show()
    first = ["show stat -1 3 -1", "show stat -1 4 -1", "show stat 3 4 -1"]
    assert process.asked == [*first, first[0], first[2]], "all are counted now and then"
    assert [[*one.got[0]["servers"]] for one in viewers] == [["web/web1"], ["web/web1"], []]


def test_a_haproxy_that_is_away_is_told_and_comes_back(process: Process) -> None:
    hub = hub_of(process)
    viewer = viewer_of(hub)
    hub._show()
    process.is_away = True
    hub._show()
    process.is_away = False
    hub._show()
    assert viewer.got[1]["away"] == "HAProxy does not answer"
    assert viewer.got[2]["whole"] and "away" not in viewer.got[2]


def test_a_slow_viewer_is_left_out_and_gets_all_later(process: Process) -> None:
    hub = hub_of(process)
    viewer = viewer_of(hub)
    hub._show()
    viewer.unsent = 1 << 21
    hub._show()
    viewer.unsent = 0
    hub._show()
    assert [one.get("whole", False) for one in viewer.got] == [True, True]


def test_servers_that_are_not_up_are_counted(process: Process) -> None:
    hub = hub_of(process)
    viewer = viewer_of(hub)
    hub._show()
    told = dict(zip(viewer.got[0]["columns"]["backends"], viewer.got[0]["backends"]["web"], strict=True))
    assert (told["servers"], told["not_up"]) == (2, 1)


def test_there_is_a_limit(process: Process) -> None:
    hub = hub_of(process, limit=1)
    viewer_of(hub)
    with pytest.raises(TooMany, match="event_streams"):
        hub.open("")


def test_streams_count_that_have_not_begun(process: Process) -> None:
    hub = hub_of(process, limit=1)
    opened = hub.open("")
    with pytest.raises(TooMany):
        hub.open("")
    opened.close()
    viewer_of(hub)


def test_a_viewer_whose_session_cannot_be_read_takes_nothing_from_others(process: Process, caplog: Any) -> None:
    hub = hub_of(process)

    def fail() -> bool:
        raise StorageFailed("the state cannot be read")

    broken = Viewer()
    hub.open("", fail).attach(broken)
    others = [viewer_of(hub) for _ in range(4)]
    hub._show()
    assert (broken.got, [len(one.got) for one in others]) == ([], [1, 1, 1, 1])
    assert "Traceback" not in caplog.text


def test_whoever_comes_again_and_again_has_no_more_looks_made(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    hub, moments, rests = hub_of(process), itertools.count(0.0, 0.5), list[float]()
    clock = SimpleNamespace(monotonic=lambda: next(moments), time=lambda: 0.0, sleep=rests.append)
    monkeypatch.setattr(traffic_feed, "time", clock)
    monkeypatch.setattr(hub, "_show", lambda: None)
    waits = list[float]()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        hub.end(feed)

    feed = hub.open("")
    hub.begin(feed)
    monkeypatch.setattr(hub._woken, "wait", wait)
    hub._run()
    assert (rests, waits) == ([5.0], [45.0]), "a look of half a second"
