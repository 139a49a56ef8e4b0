"""Metrics: sums over all workers, numbers of all plugins, and no labels without end."""

import base64
import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dataplane_core import __version__
from dataplane_core.store.journal.counters import Counters
from dataplane_core.store.journal.state import State
from dataplane_plugins.changes import metrics as module
from tests.changes.events.test_watches import write_certificate
from tests.harness.server import ApiServer
from tests.harness.waiting import until
from tests.runtime.support import Api, live, prepare

PATH = "/dataplane/v1/metrics"


def parsed(text):
    """Each sample's value by its name and labels."""
    return {
        (sample.name.removeprefix("dataplane_"), *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def values(api, path=PATH):
    answer = api.call("GET", path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return parsed(answer.text)


@pytest.fixture
def api(tmp_path):
    prepare(tmp_path)
    return Api(tmp_path, dataplaneapi__resources__ssl_certs_dir=str(tmp_path / "certificates"))


def test_requests_are_counted_by_version_method_and_status(api):
    for _ in range(3):
        api.get("configuration/backends")
    api.call("GET", "configuration/backends/none")
    api.client.simulate_get("/v3/services/haproxy/configuration/backends")
    api.client.simulate_request("TRACE", "/v3/info")
    found = values(api)

    def requests(version, method, status):
        return found.get(("requests_total", ("method", method), ("status", status), ("version", version)))

    assert (requests("v2", "GET", "2xx"), requests("v2", "GET", "4xx")) == (3, 1)
    assert requests("v3", "GET", "4xx") == 1
    assert requests("v3", "other", "4xx") == 1


def test_commits_and_checks_are_counted_by_what_became_of_them(api):
    version = api.services.config.version()
    api.change("POST", "backends", {"name": "new"})
    api.call("POST", "configuration/backends", {"name": "other"}, version=version)
    found = values(api)
    assert found["commits_total", ("result", "queued")] == 1
    assert found["checks_total", ("result", "accepted")] == 1
    assert found["check_seconds_total",] >= 0
    assert found["configuration_version",] == version + 1


def test_a_reload_is_counted(api):
    api.change("POST", "backends", {"name": "new"}, force_reload="true")
    assert values(api)["reloads_total", ("result", "succeeded")] == 1


def test_transactions_that_are_open(api):
    api.call("POST", "transactions", version=api.services.config.version())
    assert values(api)["open_transactions",] == 1


@pytest.mark.haproxy
def test_commands_to_haproxy_are_counted(haproxy_program, tmp_path):
    with live(haproxy_program, tmp_path) as running:
        before = values(running).get(("runtime_calls_total", ("result", "answered")), 0)
        running.get("runtime/servers", backend="be")
        assert values(running)["runtime_calls_total", ("result", "answered")] > before
    running.call("GET", "runtime/servers", backend="be")
    assert values(running)["runtime_calls_total", ("result", "unreachable")] >= 1


def test_days_of_certificates_those_that_end_first_in_front(api, tmp_path, monkeypatch):
    folder = tmp_path / "certificates"
    folder.mkdir()
    for name, days in (("a.pem", 50), ("b.pem", 5), ("c.pem", -3)):
        write_certificate(folder, name, days)
    found = values(api)
    days = {key[1][1]: value for key, value in found.items() if key[0] == "certificate_days_left"}
    assert {name: int(value // 1) for name, value in days.items()} == {"a.pem": 50, "b.pem": 5, "c.pem": -3}
    monkeypatch.setattr(module, "_MOST", 2)
    shown = [key[1][1] for key in values(api) if key[0] == "certificate_days_left"]
    assert shown == ["c.pem", "b.pem"]


def test_the_top_of_the_server_has_them_too(api):
    assert values(api, "/metrics")["info", ("version", __version__)] == 1
    assert api.client.simulate_get("/metrics").status_code == 401
    assert api.call("POST", "/metrics").status_code == 405


def test_they_may_be_open_to_all(tmp_path):
    prepare(tmp_path)
    api = Api(tmp_path, dataplane__metrics_open=True)
    for path in ("/metrics", PATH):
        answer = api.client.simulate_get(path)
        assert answer.status_code == 200
    assert api.client.simulate_get("/dataplane/v1/events").status_code == 401
    document = json.loads(api.app.own.document("3.1.0"))
    assert document["paths"]["/metrics"]["get"]["security"] == []


def test_the_form_that_the_client_wants(api):
    token = base64.b64encode(b"admin:pw").decode()
    headers = {"Authorization": f"Basic {token}", "Accept": "application/openmetrics-text;version=1.0.0"}
    answer = api.client.simulate_get(PATH, headers=headers)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_a_plugin_that_fails_costs_its_own_numbers(api, monkeypatch):
    with api.services.state.write() as connection:
        connection.execute("DROP TABLE discovery_status")
    assert values(api)["open_transactions",] == 0


def test_sums_are_those_of_all_workers_since_the_start(tmp_path):
    state = State(tmp_path / "state")
    first, second = Counters(state), Counters(state)
    first.add("checks", "accepted")
    first.add("check_seconds", amount=0.5)
    second.add("checks", "accepted", amount=2)
    second.save()
    assert first.totals() == {("checks", "accepted"): 3, ("check_seconds",): 0.5}
    state.shutdown()
    later = State(tmp_path / "state")
    counters = Counters(later)
    assert counters.totals() == {}
    counters.add("checks", "refused")
    assert counters.totals() == {("checks", "refused"): 1}
    later.shutdown()


@pytest.mark.server
def test_answers_from_memory_are_counted_in_all_workers(tmp_path):
    file = tmp_path / "haproxy.cfg"
    file.write_text("global\n  daemon\n")
    with ApiServer(file, tmp_path / "run", {"dataplane": {"workers": 2}}) as server:
        clients = [server.client("v3") for _ in range(4)]
        for client in clients:
            for _ in range(50):
                assert client.call("GET", "/v3/services/haproxy/configuration/backends").status == 200

        def counted():
            text = clients[0].call("GET", "/metrics").body.decode()
            key = ("requests_total", ("method", "GET"), ("status", "2xx"), ("version", "v3"))
            return parsed(text).get(key, 0) >= 200

        until(counted)
