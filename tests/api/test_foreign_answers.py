"""What plugins of third parties answer, and what they hold meanwhile: never all threads of a worker."""

import gc
import threading

import pytest

from dataplane_core import impl
from dataplane_core.api.foreign_answers import PluginBusy, PluginThreads
from dataplane_core.api.operations import Operation, Response
from tests.api.support import Api
from tests.harness.waiting import until

PATHS = ("slow", "stream", "length", "header", "broken", "file")


class Paths:
    """A plugin with paths."""

    __name__ = "sleeper"

    def __init__(self):
        self.there, self.go = threading.Semaphore(0), threading.Event()
        self.parts = iter(())

    @impl
    def dataplane_routes(self, routes):
        for name in PATHS:
            routes.add(f"/{name}", Path(self, name), {"GET": Operation(f"get_{name}", "One", responses={"200": Response()})})


class Path:
    """One of the paths."""

    def __init__(self, plugin, name):
        self.plugin, self.on_get = plugin, getattr(self, name)

    def slow(self, req, resp):
        self.plugin.there.release()
        assert self.plugin.go.wait(60)
        resp.media = {}

    def stream(self, req, resp):
        resp.stream = self.plugin.parts

    def length(self, req, resp):
        resp.set_header("Content-Length", "3")
        raise RuntimeError("broken")

    def header(self, req, resp):
        resp.set_header("X-Two", "lines\r\nX-Other: one")
        resp.media = {}

    def broken(self, req, resp):
        resp.stream = self.plugin.parts
        resp.status = "none"

    def file(self, req, resp):
        resp.stream = open(__file__, "rb")  # noqa: SIM115 - the server closes it


@pytest.fixture
def plugin():
    return Paths()


@pytest.fixture
def api(tmp_path, plugin):
    return Api(tmp_path, plugins=[plugin], dataplane__threads=4)


@pytest.fixture
def threads(api):
    """The threads of the plugin; a request to one of its paths has made them."""
    assert api.call("GET", "/v2/file").status_code == 200
    threads = api.app._threads["sleeper"]
    threads.patience = 0.0
    return threads


def test_responders_that_hang_hold_half_of_the_threads(api, plugin, threads):
    asking = [threading.Thread(target=lambda: api.call("GET", "/v2/slow")) for _ in range(2)]
    for one in asking:
        one.start()
        assert plugin.there.acquire(timeout=60)
    refused = api.call("GET", "/v2/slow")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "1"
    assert refused.json["message"] == (
        "the plugin sleeper is busy: 2 requests to its paths are under way, and no more may be at once"
    )
    assert api.call("GET", "/v3/file").status_code == 503, "they are those of all its paths in all versions"
    assert api.call("GET", "backends").status_code == 200
    plugin.go.set()
    for one in asking:
        one.join()
    assert api.call("GET", "/v2/slow").status_code == 200


def test_a_request_waits_for_a_thread_until_one_has_waited_in_vain():
    threads = PluginThreads("p", 2)
    threads.take()
    threads.patience = 60.0
    waiting = threading.Thread(target=threads.take)
    waiting.start()
    until(lambda: threads._changed._waiters)
    threads.give_back()
    waiting.join()
    threads.patience = 0.0
    with pytest.raises(PluginBusy):
        threads.take()
    threads.patience = 60.0
    with pytest.raises(PluginBusy):
        threads.take()  # at once
    threads.give_back()
    threads.take()


def test_a_stream_holds_a_thread_until_its_end(api, plugin, threads):
    held = []

    def parts():
        held.append(threads._held)
        yield b"one "
        yield b"two"

    plugin.parts = parts()
    assert api.call("GET", "/v2/stream").text == "one two"
    assert held == [1]
    assert threads._held == 0


@pytest.mark.parametrize("path", ["length", "header", "broken"])
def test_an_answer_that_cannot_be_sent_leaves_nothing(api, threads, path):
    answer = api.call("GET", f"/v2/{path}")
    assert answer.status_code == 500
    assert "in the plugin sleeper; the log has it" in answer.json["message"]
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert "X-Two" not in answer.headers
    gc.collect()
    assert threads._held == 0


def test_responders_that_the_server_has_for_every_collection_need_no_thread_of_the_plugin(api):
    path, query = "keepers", {"parent_type": "backend", "parent_name": "be1", "backend": "be1"}
    assert api.call("GET", path, **query).status_code == 200
    threads = api.app._threads["family"]
    threads.take()
    threads.take()
    assert api.call("GET", path, **query).status_code == 200
