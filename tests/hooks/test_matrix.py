"""Bad plugins in each hook: the server starts and serves, and changes are whole or refused whole.

Those that fail at their import, or in what they declare, are in `test_left_out`. Who says who asks is
asked for each request, and is not limited in time: `test_watchdog` has plugins that hang there.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core import hookspecs, impl
from dataplane_core.commands.overview import overview
from dataplane_core.hooks.containment import Failure
from dataplane_core.hooks.specification import declared_hooks
from dataplane_core.store.journal.plugin_faults import recorded
from tests.hooks.installed import Few, install

TERMS = declared_hooks(hookspecs)
WAYS = ("raises", "exits", "interrupts", "hangs", "lies")
ASKED_ALWAYS = ("dataplane_authenticate", "dataplane_authorize")
SHORT = 0.05
ANY_RESULT = {name for name, terms in TERMS.items() if terms.result.__name__ == "anything"}


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


def ways_of(name: str) -> list[str]:
    """The ways in which a hook can go wrong: some results are nobody's business."""
    missing = {"lies"} if name in ANY_RESULT else set()
    if not TERMS[name].limited:
        missing |= {"hangs"}
    return [way for way in WAYS if way not in missing]


def served(tmp_path: Path, monkeypatch: Any, *, start: float = 60.0, **plugins: object) -> Few:
    """A server that has time for its start, or `start`, and little for hooks from then on."""
    install(monkeypatch, **plugins)
    api = Few(tmp_path, plugins, dataplane__hook_timeout=start)
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
    assert document in (200, 404, 500)
    return answer.status_code


@pytest.mark.parametrize("name", [name for name in TERMS if TERMS[name].failure is not Failure.REFUSES])
def test_a_hook_that_goes_wrong_is_named_and_stops_nobody(
    name: str, tmp_path: Path, monkeypatch: Any, released: threading.Event
) -> None:
    plugins = {f"{way}-it": bad(name, way, released) for way in ways_of(name)}
    at_start = TERMS[name].failure is Failure.STOPS
    api = served(tmp_path, monkeypatch, start=SHORT if at_start else 60.0, **plugins)
    assert elsewhere(lambda: exercised(api)) == 202
    services = api.app.services
    named = {(fault.plugin, fault.hook) for fault in recorded(services.state)}
    if at_start:
        assert set(services.plugins.left_out) == set(plugins)
    elif name == "dataplane_status":
        assert {one.topic for one in overview(services) if one.bad} >= set(plugins)
    elif name != "dataplane_spec":
        assert named == {(plugin, name) for plugin in plugins}
    if TERMS[name].failure is Failure.RELOADS:
        (record,) = services.reloads.records()
        assert record.version == 2


@pytest.mark.parametrize("name", [name for name in TERMS if TERMS[name].failure is Failure.REFUSES])
@pytest.mark.parametrize("way", WAYS)
def test_a_judge_that_goes_wrong_refuses_the_one_request_by_name(
    name: str, way: str, tmp_path: Path, monkeypatch: Any, released: threading.Event
) -> None:
    if way not in ways_of(name):
        pytest.skip("it may, or nobody limits it")
    api = served(tmp_path, monkeypatch, bad=bad(name, way, released))
    api.app.services.plugins.limit.seconds = SHORT if way == "hangs" else 60.0
    answer = elsewhere(lambda: api.call("POST", "backends", {"name": "new"}, version=1))
    assert answer.status_code == 500
    said = f"the plugin bad failed in {name}"
    how = "it has not returned after 0.05 s" if way == "hangs" else "the log says how"
    assert answer.json["message"] in (f"{said}: {how}", f"{said}; {how}")
    assert api.text == "backend be\n"
    if name not in ASKED_ALWAYS:
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
