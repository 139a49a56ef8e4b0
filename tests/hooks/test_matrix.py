"""Bad plugins in each hook: the server starts and serves, and changes are whole or refused whole.

Every hook that there is is tried, those that plugins of the server declare among them. Plugins that fail
at their import, or in what they declare, are in `test_left_out`, those that are required in `test_required`.
"""

import importlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core import hookspecs, impl
from dataplane_core.api.operations import Operation, Response
from dataplane_core.commands.overview import overview
from dataplane_core.hooks.containment import Failure
from dataplane_core.hooks.specification import anything, declared_hooks
from dataplane_core.store.journal.plugin_faults import recorded
from dataplane_plugins import PLUGINS
from tests.hooks.installed import Few, install

MODULES = [hookspecs, *map(importlib.import_module, PLUGINS.values())]
TERMS = {name: terms for module in MODULES for name, terms in declared_hooks(module).items()}
WAYS = ("raises", "exits", "interrupts", "hangs", "lies")
ASKED_ALWAYS = ("dataplane_authenticate", "dataplane_authorize")
SHORT = 0.05
ANY_RESULT = {name for name, terms in TERMS.items() if terms.result is anything and terms.failure is not Failure.SHOWN}
"""Hooks whose result is nobody's business: rubbish from them does nothing."""


class Rubbish:
    """Something that is of no use to anybody."""

    def __bool__(self) -> bool:
        raise ZeroDivisionError("no truth")


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What hooks that hang wait for; set at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def bad(name: str, way: str, released: threading.Event) -> SimpleNamespace:
    """A plugin whose hook `name` goes wrong in a way."""

    def body() -> object:
        if way == "hangs":
            released.wait(60)
        if way == "lies":
            return Rubbish()
        raise {"exits": SystemExit(3), "interrupts": KeyboardInterrupt()}.get(way, ZeroDivisionError("broken"))

    made: dict[str, Any] = {"body": body}
    exec(f"def {name}(): return body()", made)
    return SimpleNamespace(**{name: impl(made[name])})


def served(tmp_path: Path, monkeypatch: Any, *, start: float = 60.0, **plugins: object) -> Few:
    """A server that has time for its start, or `start`, and little for hooks from then on."""
    install(monkeypatch, **plugins)
    api = Few(tmp_path, (*plugins, "discovery.routes", "service.specification"), dataplane__hook_timeout=start)
    api.app.services.plugins.limit.seconds = SHORT
    return api


def elsewhere(work: Any) -> Any:
    """Do work in another thread than the main one, as requests are served there."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def exercised(api: Few) -> int:
    """Have every hook called, and return the status of a change; the server has to be there after it."""
    services = api.app.services
    services.start()
    before = api.file.read_bytes()
    answer = api.call("POST", "backends", {"name": "new"}, version=1)
    services.config.plan(services.config.snapshot().document)
    services.hooks.dataplane_metrics(services=services)
    services.hooks.dataplane_reloaded(record=None)
    document = api.call("GET", "/v2/specification").status_code
    list(overview(services))
    services.stop()
    whole = answer.status_code == 202 and b"backend new\n" in api.file.read_bytes()
    assert whole or api.file.read_bytes() == before, answer.text
    assert document == 200
    return answer.status_code


def goes_wrong(name: str, way: str) -> bool:
    return way != "lies" or name not in ANY_RESULT


NOT_JUDGES = [name for name in TERMS if TERMS[name].failure is not Failure.REFUSES]


@pytest.mark.parametrize("name", NOT_JUDGES)
def test_a_hook_that_goes_wrong_is_named_and_stops_nobody(
    name: str, tmp_path: Path, monkeypatch: Any, caplog: Any, released: threading.Event
) -> None:
    plugins = {f"{way}-it": bad(name, way, released) for way in WAYS}
    wrong = {f"{way}-it" for way in WAYS if goes_wrong(name, way)}
    assert wrong | {"lies-it"} == set(plugins)
    at_start = TERMS[name].failure is Failure.STOPS
    with caplog.at_level(logging.ERROR, "dataplane.plugins"):
        api = served(tmp_path, monkeypatch, start=SHORT if at_start else 60.0, **plugins)
        assert elsewhere(lambda: exercised(api)) == 202
    services = api.app.services
    named = {(fault.plugin, fault.hook) for fault in recorded(services.state)}
    if at_start:
        assert set(services.plugins.left_out) == wrong
        assert all(f"failed in {name}" in fault for fault in services.plugins.left_out.values())
    elif name != "dataplane_status":
        assert named == {(plugin, name) for plugin in wrong}
    assert {one.topic for one in overview(services) if one.bad or one.doubtful} >= wrong
    if name != "dataplane_status":
        assert all(f"the plugin {plugin} failed in {name}" in caplog.text for plugin in wrong)
    if TERMS[name].failure is Failure.RELOADS:
        (record,) = services.reloads.records()
        assert record.version == 2


JUDGES = [name for name in TERMS if TERMS[name].failure is Failure.REFUSES]


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize("way", WAYS)
def test_a_judge_that_goes_wrong_refuses_the_one_request_by_name(
    name: str, way: str, tmp_path: Path, monkeypatch: Any, caplog: Any, released: threading.Event
) -> None:
    assert name not in ANY_RESULT, "what a judge says is somebody's business"
    api = served(tmp_path, monkeypatch, bad=bad(name, way, released))
    services = api.app.services
    services.plugins.limit.seconds = SHORT if way == "hangs" else 60.0
    answer = elsewhere(lambda: api.call("POST", "backends", {"name": "new"}, version=1))
    assert answer.status_code == 500
    said = f"the plugin bad failed in {name}"
    how = "it has not returned after 0.05 s" if way == "hangs" else "the log says how"
    assert answer.json["message"] in (f"{said}: {how}", f"{said}; {how}")
    assert api.text == "backend be\n"
    assert said in caplog.text
    assert ("bad", name) in {(one.plugin, one.hook) for one in recorded(services.state)}
    assert "bad" in {one.topic for one in overview(services)}
    if name not in ASKED_ALWAYS:
        assert elsewhere(lambda: api.call("GET", "backends")).status_code == 200


def test_a_change_of_the_document_that_comes_too_late_counts_no_more(
    tmp_path: Path, monkeypatch: Any, released: threading.Event
) -> None:
    over = threading.Event()

    def dataplane_spec(spec: dict[str, Any]) -> None:
        released.wait(60)
        spec.clear()
        over.set()

    api = served(tmp_path, monkeypatch, late=SimpleNamespace(dataplane_spec=impl(dataplane_spec)))
    build = api.app.served[0]._build
    document = build("2.0")
    released.set()
    assert over.wait(60)
    assert document["paths"]


class Responder:
    """A resource whose GET goes wrong."""

    def __init__(self, way: str) -> None:
        self.way = way

    def on_get(self, req: Any, resp: Any) -> None:
        if self.way == "media":
            resp.media = Rubbish()
        elif self.way == "data":
            resp.data = 7
        elif self.way == "status":
            resp.status = Rubbish()
        else:
            raise {"exits": SystemExit(3), "interrupts": KeyboardInterrupt()}.get(self.way, ZeroDivisionError("secret"))


@pytest.mark.parametrize("way", ["raises", "exits", "interrupts", "media", "data", "status"])
def test_a_path_that_goes_wrong_is_answered_with_the_name_of_its_plugin(
    way: str, tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    def dataplane_routes(routes: Any) -> None:
        routes.add("/broken", Responder(way), {"GET": Operation("getBroken", "Break", responses={"200": Response()})})

    api = served(tmp_path, monkeypatch, bad=SimpleNamespace(dataplane_routes=impl(dataplane_routes)))
    answer = elsewhere(lambda: api.call("GET", "/v3/broken"))
    assert answer.status_code == 500
    assert "failed in the plugin bad; the log has it" in answer.json["message"]
    assert "secret" not in answer.text
    assert "GET /v3/broken failed in the plugin bad" in caplog.text
    assert elsewhere(lambda: api.call("GET", "backends")).status_code == 200


def test_a_plugin_whose_import_hangs_is_left_out(tmp_path: Path, monkeypatch: Any, released: threading.Event) -> None:
    class Slow:
        def __init__(self) -> None:
            released.wait(60)

    plugins = served(tmp_path, monkeypatch, start=SHORT, slow=Slow).app.services.plugins
    assert "TooLate: has not returned after 0.05 s" in plugins.left_out["slow"]


def test_it_is_not_called_while_many_calls_of_it_hang(tmp_path: Path, monkeypatch: Any, released: threading.Event) -> None:
    called: list[str] = []

    def dataplane_check(document: object) -> None:
        called.append("once more")
        released.wait(60)

    api = served(tmp_path, monkeypatch, bad=SimpleNamespace(dataplane_check=impl(dataplane_check)))
    for _ in range(6):
        assert api.call("POST", "backends", {"name": "new"}, version=1).status_code == 500
    assert len(called) == 4


def test_an_apply_that_comes_too_late_sends_no_command(tmp_path: Path, monkeypatch: Any, released: threading.Event) -> None:
    said: list[str] = []
    over = threading.Event()

    def dataplane_apply(change: object, runtime: Any) -> bool:
        released.wait(60)
        from dataplane_core.haproxy.runtime_client import RuntimeClient

        try:
            RuntimeClient(SimpleNamespace(path="/nosuch")).command("set weight be/s1 1")  # type: ignore[arg-type]
        except Exception as error:
            said.append(str(error))
        over.set()
        return True

    api = served(tmp_path, monkeypatch, bad=SimpleNamespace(dataplane_apply=impl(dataplane_apply)))
    assert api.call("POST", "backends", {"name": "new"}, version=1).status_code == 202
    (record,) = api.app.services.reloads.records()
    assert "the plugin bad failed in dataplane_apply: TooLate: has not returned" in record.reason
    released.set()
    assert over.wait(60)
    assert said == ["the plugin took too long, and may send no more commands"]
