"""A hook that does not return: the plugin is named while it hangs, and everything else goes on."""

import logging
import threading
from types import SimpleNamespace

import pytest

from dataplane_core import impl
from dataplane_core.api.operations import Operation, Response
from dataplane_core.commands.overview import overview
from dataplane_core.hooks.watchdog import Watchdog
from dataplane_core.store.journal.plugin_faults import recorded
from tests.api.support import Api
from tests.harness.waiting import until


class Sleeper:
    """A plugin that waits until it is let go."""

    __name__ = "sleeper"

    def __init__(self):
        self.there, self.go = threading.Event(), threading.Event()

    def wait(self):
        self.there.set()
        assert self.go.wait(60)


class Hanging(Sleeper):
    """A plugin whose hook does not return."""

    @impl
    def dataplane_authorize(self, identity, operation):
        if operation.path.endswith("/backends"):
            self.wait()


class HangingAround(Sleeper):
    """A plugin whose wrapper waits behind the others."""

    @impl(wrapper=True)
    def dataplane_authorize(self, identity, operation):
        result = yield
        if operation.path.endswith("/backends"):
            self.wait()
        return result


@pytest.mark.parametrize("kind", [Hanging, HangingAround])
def test_a_hook_that_hangs_is_named_while_it_hangs(tmp_path, caplog, kind):
    sleeper = kind()
    api = Api(tmp_path, plugins=[sleeper])
    services, stop = api.app.services, threading.Event()
    services.plugins.watchdog.seconds = 0.05
    watchdog = threading.Thread(target=services.plugins.watchdog.run, args=(stop,))
    watchdog.start()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(api.call("GET", "backends").status_code))
    with caplog.at_level(logging.WARNING, "dataplane.plugins"):
        asking.start()
        assert sleeper.there.wait(60)
        until(lambda: recorded(services.state))
        assert api.call("GET", "version").status_code == 200, "others are served"
        assert answers == []
        sleeper.go.set()
        asking.join()
        stop.set()
        watchdog.join()
    assert answers == [200], "the request has the answer that the plugin gave in the end"
    assert [(fault.plugin, fault.hook, fault.reason) for fault in recorded(services.state)] == [
        ("sleeper", "dataplane_authorize", "has not returned after 0.05 s")
    ]
    said, returned = (record.getMessage() for record in caplog.records if record.name == "dataplane.plugins")
    assert said.startswith("the plugin sleeper has not returned from dataplane_authorize after ")
    assert "in wait\n" in said, "the log says where"
    assert returned.startswith("the plugin sleeper has returned from dataplane_authorize after ")
    (fact,) = [fact for fact in overview(services) if fact.topic == "sleeper"]
    assert "dataplane_authorize: has not returned" in fact.text


class HangingPath(Sleeper):
    """A plugin with a path that is not answered."""

    @impl
    def dataplane_routes(self, routes):
        routes.add("/slow", self, {"GET": Operation("getSlow", "Slow", responses={"200": Response()})})

    def on_get(self, req, resp):
        self.wait()


def test_a_path_that_hangs_is_named(tmp_path, caplog):
    sleeper = HangingPath()
    api = Api(tmp_path, plugins=[sleeper])
    services = api.app.services
    services.plugins.watchdog.seconds = 0.05
    asking = threading.Thread(target=lambda: api.call("GET", "/v2/slow"))
    with services.plugins.watchdog.at_work():
        asking.start()
        until(lambda: recorded(services.state))
        sleeper.go.set()
        asking.join()
    assert [(fault.plugin, fault.hook) for fault in recorded(services.state)] == [("sleeper", "GET /slow")]
    assert "the plugin sleeper has not returned from GET /slow after " in caplog.text


def test_a_hook_that_hangs_at_the_start_is_named(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("dataplane_core.hooks.watchdog.Watchdog.__init__.__defaults__", (0.05,))
    go = threading.Event()

    def dataplane_register(registry):
        until(lambda: "has not returned" in caplog.text)
        go.set()

    Api(tmp_path, plugins=[SimpleNamespace(__name__="slow", dataplane_register=impl(dataplane_register))])
    assert go.is_set()
    assert "the plugin slow has not returned from dataplane_register" in caplog.text


def test_what_returns_in_time_is_not_named():
    reported = []
    dog = Watchdog(reported.append, seconds=0.0)
    with dog.watching("quick", "dataplane_check"):
        pass
    dog._look()
    assert reported == []
    with dog.watching("outer", "dataplane_committed"), dog.watching("inner", "dataplane_check"):
        dog._look()
        dog._look()
    assert [call.plugin for call in reported] == ["inner"], "who waits for another is not to blame"


class HangingApply(Sleeper):
    """A plugin that never finds out whether HAProxy took a change."""

    @impl
    def dataplane_apply(self, change, runtime):
        self.wait()
        return True


def test_a_commit_whose_plugin_hangs_is_brought_to_haproxy_by_a_reload(tmp_path):
    sleeper = HangingApply()
    api = Api(tmp_path, plugins=[sleeper])
    file, reloads = api.app.services.config.file, api.app.services.reloads
    asking = threading.Thread(target=lambda: api.change("POST", "backends", {"name": "late"}))
    asking.start()
    assert sleeper.there.wait(60)
    file.request_overdue_reloads(60)
    assert reloads.records() == [], "its time is not over"
    file.request_overdue_reloads(0)
    file.request_overdue_reloads(0)
    (record,) = reloads.records()
    assert record.version == file.version()
    assert record.reason == f"version {record.version} was not brought to HAProxy in time"
    sleeper.go.set()
    asking.join()
    assert "late" in file.snapshot().document.text()
