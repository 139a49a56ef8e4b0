"""One process that serves by itself: settings that are read again, signals, what is left behind."""

import json
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.bench.systems import family
from tests.harness.contrib import systemd_part
from tests.harness.server import PASSWORD, USER, ApiServer, Client
from tests.harness.waiting import until

pytestmark = pytest.mark.server
BACKENDS = "/v3/services/haproxy/configuration/backends"


@pytest.fixture
def told(tmp_path):
    """What systemd is told, which is played here."""
    made = systemd_part.Notifications(tmp_path / "notify")
    yield made
    made.close()


@pytest.fixture
def server(tmp_path, told):
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text("global\n\nbackend first\n  server one 127.0.0.1:80\n")
    more = {
        "dataplaneapi": {"pid_file": str(tmp_path / "pid")},
        "dataplane": {"master": False},
        "log_targets": [{"log_to": "stdout", "log_level": "info", "log_types": ["app"]}],
    }
    environ = {"NOTIFY_SOCKET": told.path, "WATCHDOG_USEC": "60000000"}
    with ApiServer(configuration, tmp_path / "run", more, environ=environ) as running:
        yield running


def changed(server, **dataplaneapi):
    """Write other settings, and have them read."""
    tree = json.loads(server.settings.read_text())
    tree["dataplaneapi"].update(dataplaneapi)
    server.settings.write_text(json.dumps(tree))
    server.process.send_signal(signal.SIGHUP)


def may(server, password):
    try:
        return Client(server.port, USER, password).call("GET", BACKENDS).status == 200
    except OSError:
        return False


def test_there_is_one_process_which_serves_and_writes(server):
    assert family(server.process.pid) == [server.process.pid]
    client = server.client()
    made = client.call("POST", BACKENDS, {"name": "second"}, version=client.version())
    assert made.status == 202
    reload = f"/v3/services/haproxy/reloads/{made.headers['Reload-ID']}"
    until(lambda: client.call("GET", reload).json["status"] == "succeeded")
    assert family(server.process.pid) == [server.process.pid]


def test_settings_are_read_again_and_the_state_goes_on(server, tmp_path):
    client = server.client()
    transaction = client.call("POST", "/v3/services/haproxy/transactions", version=client.version()).json["id"]
    changed(server, user=[{"name": USER, "password": "other", "insecure": True}])
    until(lambda: may(server, "other"))
    assert not may(server, PASSWORD)
    other = Client(server.port, USER, "other")
    assert other.call("GET", f"/v3/services/haproxy/transactions/{transaction}").status == 200
    assert other.call("POST", BACKENDS, {"name": "second"}, transaction_id=transaction).status in (201, 202)
    assert (tmp_path / "pid").read_text() == f"{server.process.pid}\n"


def test_settings_that_are_wrong_change_nothing(server):
    before = server.client().version()
    changed(server, port="none")
    until(lambda: "the settings stay as they were" in server.log.read_text())
    assert server.client().version() == before


def test_settings_that_cannot_be_put_in_force_leave_the_former_ones(server, tmp_path):
    (tmp_path / "file").write_text("")
    changed(server, transaction={"transaction_dir": str(tmp_path / "file")})
    until(lambda: "the settings stay as they were" in server.log.read_text())
    assert until(lambda: may(server, PASSWORD))
    assert server.process.poll() is None


def test_no_request_is_lost_at_a_sighup(server):
    lost, done = [], threading.Event()

    def ask():
        client = server.client()
        while not done.is_set():
            status = client.call("GET", BACKENDS).status
            if status != 200:
                lost.append(status)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for number in range(3):
        changed(server, max_header_size=(1 << 20) + number)
        until(lambda seen=number: server.log.read_text().count("listening on") > seen + 1)
    done.set()
    for asker in askers:
        asker.join()
    assert not lost
    assert family(server.process.pid) == [server.process.pid]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_it_in_order(server, number, tmp_path):
    process = server.process
    assert server.client().call("GET", BACKENDS).status == 200
    os.kill(process.pid, signal.SIGUSR2)  # a master would act on it
    process.send_signal(number)
    assert process.wait(60) == 0
    assert not (tmp_path / "pid").exists()
    assert "Traceback" not in server.log.read_text()
    server.process = None


def test_a_signal_to_end_is_not_forgotten_while_settings_are_read(server):
    server.settings.unlink()
    os.mkfifo(server.settings)  # which is read for as long as nobody writes
    server.process.send_signal(signal.SIGHUP)
    with open(server.settings, "w", encoding="utf-8") as settings:
        server.process.terminate()
        status = Path("/proc") / str(server.process.pid) / "status"
        until(lambda: "ShdPnd:\t0000000000000000" in status.read_text())
        settings.write("{")
    assert server.process.wait(60) == 0
    server.process = None


def test_settings_that_are_read_often_leave_nothing_behind(server):
    place = Path("/proc") / str(server.process.pid)

    def held():
        """Its threads, and what it has open."""
        return len([*(place / "task").iterdir()]), len([*(place / "fd").iterdir()])

    def leads():
        """Whether all that it does beside its answers has begun."""
        with suppress(FileNotFoundError):
            return any(os.readlink(one).endswith("confirm.lock") for one in (place / "fd").iterdir())

    def read_again(number):
        seen = server.log.read_text().count("listening on")
        changed(server, max_header_size=(1 << 20) + number)
        until(lambda: server.log.read_text().count("listening on") > seen)
        assert server.client().call("GET", BACKENDS).status == 200
        until(leads)
        return held()

    threads, files = max(read_again(number) for number in range(2))
    assert [read_again(number) for number in range(2, 6)]
    until(lambda: held()[0] <= threads and held()[1] <= files, held)


def test_systemd_is_told_how_it_fares(server, told):
    serves = f"STATUS=serves on http://127.0.0.1:{server.port}"
    assert {"READY=1", serves} <= {*told.until("STATUS=serves")}
    told.until("WATCHDOG=1")
    changed(server, port="none")
    told.until("RELOADING=1")
    told.until("STATUS=the settings stay as they were")
    changed(server, port=server.port)
    told.until("RELOADING=1")
    told.until(serves)
    server.process.terminate()
    told.until("STOPPING=1")


def test_it_is_for_one_worker_alone(server):
    tree = json.loads(server.settings.read_text())
    tree["dataplane"]["workers"] = 2
    server.settings.write_text(json.dumps(tree))
    server.process.send_signal(signal.SIGHUP)
    until(lambda: "dataplane.master: can be false with dataplane.workers: 1 alone" in server.log.read_text())
