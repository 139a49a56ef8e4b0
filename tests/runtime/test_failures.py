"""What runtime calls answer when HAProxy is stopped, killed, absent or odd: a reason, and soon."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import pytest
from falcon import testing

from dataplane_core.settings import Settings
from dataplane_core.testing import FakeRuntime
from tests.haproxy.support import alive, stopped
from tests.harness.fixtures import one_haproxy
from tests.harness.server import ApiServer
from tests.harness.waiting import PATIENCE, ends, until
from tests.runtime.support import SERVICES, TEXT, Api, Live, live, prepare
from tests.storage.support import form

CALLS = [
    ("GET", "runtime/info", None, {}),
    ("GET", "stats/native", None, {}),
    ("GET", "runtime/servers", None, {"backend": "be"}),
    ("GET", "runtime/servers/s1", None, {"backend": "be"}),
    ("POST", "runtime/servers", {"name": "n", "address": "127.0.0.1"}, {"backend": "be"}),
    ("PUT", "runtime/servers/s1", {"admin_state": "maint"}, {"backend": "be"}),
    ("DELETE", "runtime/servers/s1", None, {"backend": "be"}),
    ("GET", "runtime/acls", None, {}),
    ("GET", "runtime/acls/0", None, {}),
    ("GET", "runtime/acl_file_entries", None, {"acl_id": "0"}),
    ("POST", "runtime/acl_file_entries", {"value": "192.0.2.9"}, {"acl_id": "0"}),
    ("PUT", "runtime/acl_file_entries", [{"value": "192.0.2.9"}], {"acl_id": "0"}),
    ("GET", "runtime/acl_file_entries/0x1", None, {"acl_id": "0"}),
    ("DELETE", "runtime/acl_file_entries/0x1", None, {"acl_id": "0"}),
    ("GET", "runtime/maps", None, {}),
    ("GET", "runtime/maps/m.map", None, {}),
    ("PUT", "runtime/maps/m.map", [{"key": "k", "value": "v"}], {}),
    ("DELETE", "runtime/maps/m.map", None, {}),
    ("GET", "runtime/maps_entries", None, {"map": "m.map"}),
    ("POST", "runtime/maps_entries", {"key": "k", "value": "v"}, {"map": "m.map"}),
    ("GET", "runtime/maps_entries/k", None, {"map": "m.map"}),
    ("PUT", "runtime/maps_entries/k", {"value": "v"}, {"map": "m.map"}),
    ("DELETE", "runtime/maps_entries/k", None, {"map": "m.map"}),
    ("GET", "runtime/stick_tables", None, {}),
    ("GET", "runtime/stick_tables/st", None, {"process": 1}),
    ("GET", "runtime/stick_table_entries", None, {"process": 1, "stick_table": "st"}),
    ("POST", "runtime/stick_table_entries", {"key": "192.0.2.1", "data_type": {"gpc0": 1}},
     {"process": 1, "stick_table": "st"}),
]  # fmt: skip

V3 = "/v3/services/haproxy"
_CERTIFICATE = form("x.pem", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
NEWER_CALLS = [
    ("GET", f"{V3}/runtime/info", None, {}),
    ("GET", f"{V3}/stats/native", None, {}),
    ("GET", f"{V3}/runtime/backends/be/servers", None, {}),
    ("POST", f"{V3}/runtime/backends/be/servers", {"name": "n", "address": "127.0.0.1"}, {}),
    ("GET", f"{V3}/runtime/backends/be/servers/s1", None, {}),
    ("PUT", f"{V3}/runtime/backends/be/servers/s1", {"admin_state": "maint"}, {}),
    ("DELETE", f"{V3}/runtime/backends/be/servers/s1", None, {}),
    ("GET", f"{V3}/runtime/acls/0/entries", None, {}),
    ("POST", f"{V3}/runtime/acls/0/entries", {"value": "192.0.2.9"}, {}),
    ("PUT", f"{V3}/runtime/acls/0/entries", [{"value": "192.0.2.9"}], {}),
    ("GET", f"{V3}/runtime/acls/0/entries/0x1", None, {}),
    ("DELETE", f"{V3}/runtime/acls/0/entries/0x1", None, {}),
    ("GET", f"{V3}/runtime/maps/m.map/entries", None, {}),
    ("POST", f"{V3}/runtime/maps/m.map/entries", {"key": "k", "value": "v"}, {}),
    ("GET", f"{V3}/runtime/maps/m.map/entries/k", None, {}),
    ("PUT", f"{V3}/runtime/maps/m.map/entries/k", {"value": "v"}, {}),
    ("DELETE", f"{V3}/runtime/maps/m.map/entries/k", None, {}),
    ("GET", f"{V3}/runtime/stick_tables", None, {}),
    ("GET", f"{V3}/runtime/stick_tables/st", None, {}),
    ("GET", f"{V3}/runtime/stick_tables/st/entries", None, {}),
    ("POST", f"{V3}/runtime/stick_tables/st/entries",
     {"key": "192.0.2.1", "data_type": {"gpc0": 1}}, {}),
    *(
        call
        for kind in ("ssl_certs", "ssl_ca_files", "ssl_crl_files")
        for call in (
            ("GET", f"{V3}/runtime/{kind}", None, {}),
            ("POST", f"{V3}/runtime/{kind}", _CERTIFICATE, {}),
            ("GET", f"{V3}/runtime/{kind}/x.pem", None, {}),
            ("PUT", f"{V3}/runtime/{kind}/x.pem", _CERTIFICATE, {}),
            ("DELETE", f"{V3}/runtime/{kind}/x.pem", None, {}),
        )
    ),
    ("POST", f"{V3}/runtime/ssl_ca_files/x.pem/entries", _CERTIFICATE, {}),
    ("GET", f"{V3}/runtime/ssl_ca_files/x.pem/entries/1", None, {}),
    ("GET", f"{V3}/runtime/ssl_crt_lists", None, {}),
    ("GET", f"{V3}/runtime/ssl_crt_lists/entries", None, {"name": "x"}),
    ("POST", f"{V3}/runtime/ssl_crt_lists/entries", {"file": "x.pem"}, {"name": "x"}),
    ("DELETE", f"{V3}/runtime/ssl_crt_lists/entries", None, {"name": "x", "cert_file": "x.pem"}),
    ("GET", f"{V3}/runtime/acme", None, {}),
    ("PUT", f"{V3}/runtime/acme", None, {"certificate": "x.pem"}),
]  # fmt: skip
"""Calls of paths that /v3 has for itself; what it shares with /v2 is called above."""

NEED_NO_HAPROXY = {"runtime/maps": {"POST"}}
MOST = 2.0
"""Seconds for any answer; a busy machine delays some of many, and not the most of them."""
SOCKET = "  stats socket {folder}/worker.sock mode 600 level admin\n"
BY_BOTH = TEXT.replace(SOCKET, SOCKET + "  master-worker no-exit-on-failure\n")


def sent(api: Api, call: tuple) -> testing.Result:
    """The answer to a call; bytes are a form with a file."""
    method, path, body, query = call
    if isinstance(body, bytes):
        return api.send(method, path, body, "multipart/form-data; boundary=BB", **query)
    return api.call(method, path, body, **query)


def asked(api: Api, call: tuple) -> tuple[int, float]:
    """The status of a failure, which has a reason, and the seconds until it came."""
    begun = time.monotonic()
    answer = sent(api, call)
    assert len(answer.json["message"]) > 20, call
    return answer.status_code, time.monotonic() - begun


def in_time(answers: Iterable[tuple[int, float]], seconds: float) -> set[int]:
    """The statuses of answers that come in time, but for what a busy machine delays."""
    statuses, waits = zip(*answers, strict=True)
    assert median(waits) < seconds and max(waits) < PATIENCE, waits
    return set(statuses)


def failures(api: Api, seconds: float, calls: Iterable[tuple] = CALLS) -> set[int]:
    """The statuses of calls."""
    return in_time([asked(api, call) for call in calls], seconds)


@pytest.mark.parametrize("version", ["/v2", "/v3"])
def test_every_route_is_called_here(tmp_path, version):
    prepare(tmp_path)
    [site] = [one for one in Api(tmp_path).app.served if one.version.prefix == version]
    known = [(method, path.removeprefix(f"{V3}/")) for method, path, _, _ in NEWER_CALLS]
    known = [(method, path) for method, path, _, _ in CALLS] + (known if version == "/v3" else [])
    for route in site.routes:
        path = route.template.removeprefix("/services/haproxy/")
        if path.startswith(("runtime/", "stats/")):
            template = re.sub(r"\{\w+\}", "[^/]+", path)
            called = {method for method, one in known if re.fullmatch(template, one)}
            assert called | NEED_NO_HAPROXY.get(path, set()) == set(route.operations), path


@pytest.fixture(scope="module", params=["stats socket", "master"])
def governed(
    request: pytest.FixtureRequest, haproxy_program: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Live, dict[str, str]]]:
    """HAProxy whose master stays, and the settings by which it is asked in one of two ways."""
    folder = tmp_path_factory.mktemp("failing")
    with live(haproxy_program, folder, BY_BOTH) as found:
        way = {}
        if request.param == "master":
            prepare(folder, BY_BOTH.replace(SOCKET, ""))
            way = {"haproxy__master_runtime": str(found.process.master)}
        yield found, way


@pytest.mark.haproxy
def test_each_call_on_a_worker_that_was_just_stopped(governed):
    found, way = governed
    api, pid = Api(found.folder, **way, dataplane__runtime_timeout=0.2), found.pid
    assert Settings.default().dataplane.runtime_timeout <= MOST - 0.5
    answers = []
    for call in CALLS:
        api.get("runtime/info")  # it is well
        with stopped(pid):
            answers.append(asked(api, call))
    assert in_time(answers, 0.2 + 0.5) <= {503, 504}


@pytest.mark.haproxy
def test_a_worker_that_is_stopped_and_then_killed(governed):
    found, way = governed
    api, pid = Api(found.folder, **way), found.pid
    with stopped(pid):
        assert failures(api, MOST) <= {503, 504}
        with ends():
            configure(api)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid))
    assert failures(api, MOST) <= {502, 503}
    configure(api)


def configure(api: Api) -> None:
    """Read and change the configuration, in one call and in a transaction."""
    number = api.services.config.version()
    body = {"name": "s1", "address": "127.0.0.1", "port": 9, "weight": number + 10}
    assert api.change("PUT", "servers/s1", body, backend="be").status_code == 202
    path = "configuration/backends"
    inside = {"transaction_id": api.call("POST", "transactions", version=number + 1).json["id"]}
    assert api.status("POST", path, {"name": f"b{number}"}, **inside) == 202
    assert api.status("PUT", f"transactions/{inside['transaction_id']}") == 202
    assert f"b{number}" in [one["name"] for one in api.get(path)["data"]]


@pytest.mark.haproxy
def test_an_haproxy_that_is_gone_with_its_master(own_haproxy):
    os.kill(own_haproxy.pid, signal.SIGKILL)
    own_haproxy.process.process.wait(PATIENCE)
    assert failures(own_haproxy, MOST) == {503}
    configure(own_haproxy)


@pytest.mark.haproxy
@pytest.mark.server
def test_many_calls_at_once_do_not_hold_up_the_configuration(tmp_path: Path) -> None:
    with live(one_haproxy("2.8"), tmp_path) as found:
        resources = {"maps_dir": str(tmp_path / "maps")}
        own = {"workers": 2, "runtime_timeout": 1}
        settings = {"dataplaneapi": {"resources": resources}, "dataplane": own}
        with ApiServer(tmp_path / "haproxy.cfg", tmp_path / "api", settings) as server:
            start = threading.Barrier(len(CALLS) + 1)

            def ask(call):
                client = server.client()
                start.wait(PATIENCE)
                begun = time.monotonic()
                method, path, body, query = call
                status = client.call(method, f"{SERVICES}/{path}", body, **query).status
                return status, time.monotonic() - begun

            with stopped(found.pid), ThreadPoolExecutor(len(CALLS)) as pool:
                answers = pool.map(ask, CALLS)
                client = server.client()
                start.wait(PATIENCE)
                version, made = client.version(), []
                for _ in range(20):
                    begun = time.monotonic()
                    answer = client.call("POST", f"{SERVICES}/transactions", version=version)
                    made.append((answer.status, time.monotonic() - begun))
                assert in_time(made, MOST) == {201}
                assert in_time(answers, MOST) <= {503, 504}


def test_without_a_socket(tmp_path):
    prepare(tmp_path, TEXT.replace(SOCKET, ""))
    assert failures(Api(tmp_path), 1.0) == failures(Api(tmp_path), 1.0, NEWER_CALLS) == {503}


@pytest.mark.haproxy
def test_newer_calls_on_a_worker_that_is_stopped(own_haproxy):
    with stopped(own_haproxy.pid):
        assert failures(own_haproxy, MOST, NEWER_CALLS) <= {503, 504}


ANSWERS = [
    "",
    "nonsense",
    "1\n# be_id x\n3 be",
    "# table",
    "\x00",
    "Permission denied",
    "# id (file)",
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_odd_answers_are_no_fault_of_this_server(tmp_path, answer):
    prepare(tmp_path)
    api = Api(tmp_path)
    with FakeRuntime(tmp_path / "worker.sock", {"": answer + "\n"}):
        for call in (*CALLS, *NEWER_CALLS):
            assert sent(api, call).status_code != 500, call
