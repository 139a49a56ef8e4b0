"""systemd's part is played here: its notifications, its watchdog, the sockets that it hands in."""

import os
import signal
import socket
from pathlib import Path

import pytest

from dataplane_core.server import service_manager
from dataplane_core.server.service_manager import ServiceManager, handed_sockets
from dataplane_core.settings import SettingsError
from tests.harness.contrib import systemd_part
from tests.server.conftest import Running

VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")


@pytest.fixture
def notifications(tmp_path):
    made = systemd_part.Notifications(tmp_path / "notify")
    yield made
    made.close()


@pytest.fixture
def environ(monkeypatch):
    """Variables of a test, for which this process plays the service."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def put(**given):
        for name, value in given.items():
            monkeypatch.setenv(name, value)

    return put


def listening(family=socket.AF_INET, where=("127.0.0.1", 0)):
    made = socket.socket(family, socket.SOCK_STREAM)
    made.bind(where)
    made.listen(16)
    return made


class TestManager:
    """The object by itself."""

    def test_without_systemd_it_tells_nobody(self, environ) -> None:
        manager = ServiceManager()
        assert not manager.listens
        assert manager.limit == 0.0
        manager.ready("serves")
        manager.show_life([0.0])

    def test_variables_are_not_left_to_others(self, environ, notifications) -> None:
        environ(NOTIFY_SOCKET=notifications.path, WATCHDOG_USEC="4000000", WATCHDOG_PID=str(os.getpid()))
        assert ServiceManager().limit == 2.0
        assert not set(VARIABLES) & set(os.environ)

    @pytest.mark.parametrize("given", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}])
    def test_a_watchdog_of_another_process_is_none(self, environ, notifications, given) -> None:
        environ(**{"NOTIFY_SOCKET": notifications.path, "WATCHDOG_USEC": "4000000", **given})
        assert ServiceManager().limit == 0.0

    def test_a_name_in_the_abstract_namespace_is_understood(self, environ) -> None:
        name = f"dataplane-test-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(f"\0{name}")
            environ(NOTIFY_SOCKET=f"@{name}")
            ServiceManager().ready("serves")
            assert listener.recv(4096) == b"READY=1\nSTATUS=serves"

    def test_the_watchdog_gets_signs_while_a_worker_lives(self, environ, notifications, monkeypatch) -> None:
        moments = iter(range(100, 1000, 100))
        monkeypatch.setattr(service_manager.time, "monotonic", lambda: float(next(moments)))
        environ(NOTIFY_SOCKET=notifications.path, WATCHDOG_USEC="4000000")
        manager = ServiceManager()
        for ages in ([0.5, 9.0], [2.0, 9.0], [], [0.1]):
            manager.show_life(ages)
        manager.ready("end")
        monkeypatch.undo()
        assert notifications.until("STATUS=end") == [
            "WATCHDOG=1",
            "STATUS=no worker has shown life for 2 s",
            *("WATCHDOG=1", "STATUS=workers answer again"),
            *("READY=1", "STATUS=end"),
        ]

    def test_nobody_who_reads_is_no_fault(self, environ, tmp_path) -> None:
        environ(NOTIFY_SOCKET=str(tmp_path / "nothing"))
        ServiceManager().stopping()


def test_sockets_for_another_process_are_not_taken(environ) -> None:
    environ(LISTEN_FDS="1", LISTEN_PID="1")
    assert handed_sockets() == ()
    assert "LISTEN_FDS" not in os.environ


@pytest.mark.parametrize(
    ("name", "schemes", "wanted"),
    [("", ["unix", "https"], "https"), ("https", ["http", "https"], "https"), ("odd", ["http"], "http")],
)
def test_a_socket_is_for_the_scheme_that_it_is_called(name, schemes, wanted) -> None:
    with listening() as handed:
        assert service_manager.HandedSocket(name, handed).scheme(schemes) == wanted


@pytest.mark.parametrize(("name", "schemes"), [("https", ["http"]), ("", ["unix"]), ("unix", ["http"])])
def test_a_socket_for_a_scheme_less_is_refused(name, schemes) -> None:
    with listening() as handed, pytest.raises(SettingsError, match=name or "http or https"):
        service_manager.HandedSocket(name, handed).scheme(schemes)


def supervised(make, notifications, tree=None, watchdog="") -> Running:
    running = make(tree)
    running.environ = {"NOTIFY_SOCKET": notifications.path} | ({"WATCHDOG_USEC": watchdog} if watchdog else {})
    return running


def lives(running):
    return lambda: running.process.poll() is None


@pytest.mark.server
def test_the_start_a_reload_and_the_end_are_told(make, notifications) -> None:
    running = supervised(make, notifications, {"dataplane": {"workers": 2}}).start(wait=False)
    came = notifications.until("STATUS=serves", lives(running))
    assert came == ["READY=1", f"STATUS=serves with 2 workers on http://127.0.0.1:{running.port}"]
    assert running.ask("/")["started"] is True
    running.change({"name": "second"})
    running.signal(signal.SIGHUP)
    came = notifications.until("READY=1", lives(running))
    assert came[0] == "RELOADING=1"
    assert came[1].startswith("MONOTONIC_USEC=")
    assert running.ask("/")["name"] == "second"
    running.change({"dataplane": {"workers": "many"}})
    running.signal(signal.SIGHUP)
    assert notifications.until("STATUS=the settings stay as they were")[-2] == "READY=1"
    running.signal(signal.SIGTERM)
    assert notifications.until("STOPPING=1")
    assert running.process.wait(systemd_part.PATIENCE) == 0


@pytest.mark.server
def test_a_start_that_fails_is_not_told_as_ready(make, notifications) -> None:
    running = supervised(make, notifications, {"name": "broken"}).start(wait=False)
    assert running.process.wait(systemd_part.PATIENCE) == 1
    with pytest.raises(AssertionError, match="nothing"):
        notifications.until("READY=1", lives(running))


@pytest.mark.server
def test_the_watchdog_barks_when_workers_hang(make, notifications) -> None:
    running = supervised(make, notifications, watchdog="4000000").start(wait=False)
    notifications.until("WATCHDOG=1", lives(running))
    worker = running.ask("/")["pid"]
    os.kill(worker, signal.SIGSTOP)
    try:
        assert notifications.until("STATUS=no worker", lives(running))[-1].endswith("for 2 s")
    finally:
        os.kill(worker, signal.SIGCONT)
    came = notifications.until("STATUS=workers answer again", lives(running))
    assert came == ["WATCHDOG=1", "STATUS=workers answer again"]


@pytest.mark.server
def test_sockets_of_systemd_are_served_and_outlive_the_server(make, tmp_path: Path) -> None:
    running = make({"dataplaneapi": {"scheme": ["http", "unix"], "socket_path": str(tmp_path / "no/of.sock")}})
    path = tmp_path / "handed.sock"
    with listening() as plain, listening(socket.AF_UNIX, str(path)) as local:
        running.handed = {"http": plain, "unix": local}
        running.socket = str(path)
        own, running.port = running.port, plain.getsockname()[1]
        running.start()
        assert running.ask("/")["listener"] == "http"
        assert running.ask("/", "unix")["listener"] == "unix"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", own), 5)
        first = running.ask("/")["pid"]
        running.change({"name": "second"})
        running.signal(signal.SIGHUP)
        running.wait_for(lambda: running.named("second") and running.ask("/", "unix")["pid"] != first)
        running.stop()
        assert path.is_socket()
        with socket.create_connection(("127.0.0.1", running.port), 5):  # it waits for the next server
            running.start()
        assert running.ask("/", "unix")["name"] == "second"


@pytest.mark.server
def test_a_descriptor_that_is_no_listener_stops_the_start(make) -> None:
    running = make()
    with socket.socket() as deaf:
        running.handed = {"http": deaf}
        running.start(wait=False)
        assert running.process.wait(systemd_part.PATIENCE) == 1
    assert running.log.read_text() == (
        "systemd hands in descriptor 3, which is no listening stream socket\n"
    )


@pytest.mark.server
def test_settings_without_the_scheme_of_a_socket_are_refused(make) -> None:
    running = make()
    with listening() as handed:
        running.handed = {"https": handed}
        running.start(wait=False)
        assert running.process.wait(systemd_part.PATIENCE) == 1
    assert "not for dataplaneapi.scheme: https" in running.log.read_text()
