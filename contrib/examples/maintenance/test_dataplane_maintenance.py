"""The plugin's own tests: `pytest test_dataplane_maintenance.py`, where both are installed."""

import threading

import dataplane_maintenance as maintenance
import pytest

VERSIONS = "v1", "v2", "v3"
START, END = maintenance.EXAMPLE["from"], maintenance.EXAMPLE["until"]
NAME = maintenance.EXAMPLE["name"]
FOLLOW = maintenance.follow


@pytest.fixture
def runtime(fake_runtime):
    return fake_runtime({"set server shop/s1 state": "", "set server": "No such server.\n"})


@pytest.fixture
def server(local_server, runtime, monkeypatch):
    """Start a server whose calendar the test alone looks at."""
    monkeypatch.setattr(maintenance, "follow", lambda services, stop: None)
    text = f"global\n  stats socket {runtime.path}\nbackend shop\n  server s1 192.0.2.1:80\n"
    return local_server(text, [maintenance])


def answer(server, method, path="", body=None, version="v2"):
    return server.call(method, f"/{version}{maintenance.PATH}{path}", body)


def test_a_window_is_made_read_replaced_and_deleted(server):
    for version in VERSIONS:
        assert answer(server, "GET", version=version).json == []
        assert answer(server, "POST", "", maintenance.EXAMPLE, version).status == 201
        assert answer(server, "POST", "", maintenance.EXAMPLE, version).status == 409
        changed = {**maintenance.EXAMPLE, "note": "a larger one"}
        assert answer(server, "PUT", f"/{NAME}", changed, version).json == changed
        assert answer(server, "GET", "", version=version).json == [changed]
        assert answer(server, "DELETE", f"/{NAME}", version=version).status == 204
        assert answer(server, "GET", f"/{NAME}", version=version).status == 404


WRONG = [
    ({"from": "tomorrow"}, "from in body must be a time with a zone"),
    ({"until": "2030-01-01T23:00:00"}, "until in body must be a time with a zone"),
    ({"until": START}, "until in body must be later than from"),
    ({"server": "s1; shutdown"}, "server"),
    ({"backend": None}, "backend"),
]


def test_what_is_wrong_is_refused(server):
    for wrong, said in WRONG:
        refused = answer(server, "POST", "", {**maintenance.EXAMPLE, **wrong})
        assert refused.status == 422
        assert said in refused.json["message"]


def test_both_documents_describe_it(server):
    for version in VERSIONS:
        for name in ("specification", "specification_openapiv3"):
            document = server.call("GET", f"/{version}/{name}").json
            paths = {path.removeprefix(f"/{version}") for path in document["paths"]}
            assert {maintenance.PATH, f"{maintenance.PATH}/{{name}}"} <= paths
            schemas = document.get("definitions") or document["components"]["schemas"]
            required = {prop.name for prop in maintenance.PROPS if prop.required}
            assert {*schemas[maintenance.WINDOW]["required"]} == required
            assert schemas[maintenance.WINDOWS]["description"] == "All windows, by name."


def test_a_server_is_drained_in_its_window_and_ready_behind_it(server, runtime):
    services = server.app.services
    answer(server, "POST", "", maintenance.EXAMPLE)
    asked = []
    for moment in (START, END):
        for seconds in (-1, 0, 1):
            runtime.commands.clear()
            maintenance.turn(services, maintenance.moment(moment) + seconds)
            asked.append([one.rpartition(" ")[2] for one in runtime.commands if "state" in one])
    assert asked == [[], ["drain"], ["drain"], ["drain"], ["ready"], []]


def test_a_window_that_is_deleted_ends(server, runtime):
    services, now = server.app.services, maintenance.moment(START)
    answer(server, "POST", "", maintenance.EXAMPLE)
    maintenance.turn(services, now)
    answer(server, "DELETE", f"/{NAME}")
    maintenance.turn(services, now)
    assert runtime.commands[-1] == "set server shop/s1 state ready"


def test_a_server_that_haproxy_does_not_know_is_told(server):
    answer(server, "POST", "", {**maintenance.EXAMPLE, "server": "s9"})
    with pytest.raises(maintenance.DataplaneError, match="shop/s9: No such server"):
        maintenance.turn(server.app.services, maintenance.moment(START))


def test_one_worker_follows_the_calendar(server, runtime):
    answer(server, "POST", "", {**maintenance.EXAMPLE, "from": "2020-01-01T00:00:00Z"})
    stop, told = threading.Event(), runtime.answer

    def note(command):
        stop.set()
        return told(command)

    runtime.answer = note
    FOLLOW(server.app.services, stop)
    assert "set server shop/s1 state drain" in runtime.commands


def test_the_status_tells_of_it(server):
    answer(server, "POST", "", maintenance.EXAMPLE)
    services = server.app.services
    [fact] = maintenance.dataplane_status(services)
    assert fact.text == "1 windows in the calendar"
    answer(server, "PUT", f"/{NAME}", {**maintenance.EXAMPLE, "from": "2020-01-01T00:00:00Z"})
    told = [one.text for one in maintenance.dataplane_status(services)]
    assert told[1] == f"shop/s1 is drained until {END}"
