"""What nobody tells of is looked at while somebody listens: servers, certificates."""

import datetime
import os
import threading
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from dataplane_core.settings import Settings
from dataplane_core.store.journal.events import EventTable
from dataplane_core.store.journal.reloads import ReloadTable
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.versions import VersionTable
from dataplane_plugins.changes.events import listening, watches
from dataplane_plugins.changes.events.certificates import CertificateWatch
from dataplane_plugins.changes.events.drifts import DriftWatch
from dataplane_plugins.changes.events.servers import ServerWatch
from tests.harness.waiting import stays, until
from tests.runtime.support import live
from tests.server import certificates


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state")
    VersionTable(state)
    ReloadTable(state, 0, 1)
    yield state
    state.shutdown()


HEADER = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port\n"


class Process:
    """A HAProxy whose servers are as the test says."""

    deadline = 1.0

    def __init__(self):
        self.servers, self.asked = {}, 0

    def processes(self):
        return [self]

    def dump(self, command, seconds):
        self.asked += 1
        rows = (f"1 {backend} 1 {name} 127.0.0.1 {states} 1 80\n" for (backend, name), states in self.servers.items())
        return (HEADER + "".join(rows)).encode()


def services(state, runtime=None, **given):
    settings = Settings.default().replace(**given)
    return SimpleNamespace(settings=settings, state=state, events=EventTable(state), runtime=runtime)


def test_a_change_of_a_server_is_told_once(state):
    process = Process()
    parts = services(state, process)
    watch = ServerWatch(parts)
    process.servers = {("be", "s1"): "2 0", ("be", "s2"): "2 0", ("be", "s3"): "2 0"}
    watch.look()
    process.servers = {("be", "s1"): "0 0", ("be", "s2"): "2 1", ("be", "s3"): "1 0", ("be", "new"): "0 0"}
    watch.look()
    watch.look()
    assert [(one.kind, one.values) for one in parts.events.after(0)] == [
        ("server_state", {"backend": "be", "server": "s1",
                          "before": {"operational_state": "up", "admin_state": "ready"},
                          "after": {"operational_state": "down", "admin_state": "ready"}}),
        ("server_state", {"backend": "be", "server": "s2",
                          "before": {"operational_state": "up", "admin_state": "ready"},
                          "after": {"operational_state": "up", "admin_state": "maint"}}),
    ]  # fmt: skip
    ServerWatch(parts).look()
    assert parts.events.newest() == 2


@pytest.mark.haproxy
def test_a_running_haproxy_is_read(haproxy_program, tmp_path):
    with live(haproxy_program, tmp_path) as running:
        events, watch = running.services.events, ServerWatch(running.services)
        watch.look()
        running.tell("set server be/s1 state maint")
        watch.look()
        told = [one.values for one in events.after(0) if one.kind == "server_state"]
        assert [(one["server"], one["after"]["admin_state"]) for one in told] == [("s1", "maint")]


@pytest.mark.haproxy
def test_a_difference_that_lasts_is_told_and_that_it_is_gone(haproxy_program, tmp_path):
    with live(haproxy_program, tmp_path) as running:
        watch = DriftWatch(running.services)
        watch.look()
        watch.look()

        def told():
            return [one.values for one in running.services.events.after(0) if one.kind == "drift"]

        before = len(told())
        running.tell("set server be/s1 weight 55")
        watch.look()
        assert len(told()) == before
        watch.look()
        watch.look()
        assert len(told()) == before + 1
        assert told()[-1]["drifted"]
        assert {"kind": "server", "subject": "be/s1", "property": "weight"} in told()[-1]["differences"]
        running.tell("set server be/s1 weight 10")
        watch.look()
        watch.look()
        assert {"kind": "server", "subject": "be/s1", "property": "weight"} not in told()[-1]["differences"]


def write_certificate(folder, name, days):
    """A certificate whose end is so many days, and some hours, ahead."""
    pair = certificates.make(name)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(pair.certificate.subject)
        .issuer_name(pair.certificate.subject)
        .public_key(pair.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(100))
        .not_valid_after(now + datetime.timedelta(days, 7200))
        .sign(pair.key, hashes.SHA256())
    )
    certificates.Pair(made, pair.key).write(folder / name)


def test_a_certificate_is_told_of_once_at_each_step(state, tmp_path):
    folder = tmp_path / "certificates"
    folder.mkdir()
    parts = services(state, **{"dataplaneapi.resources.ssl_certs_dir": str(folder)})
    watch = CertificateWatch(parts)
    for name, days in (("far.pem", 90), ("near.pem", 20), ("over.pem", -2)):
        write_certificate(folder, name, days)
    (folder / "no.pem").write_text("nothing")
    watch.look()
    watch.look()

    def told():
        return [(one.values["file"], one.values["days_left"]) for one in parts.events.after(0)]

    assert told() == [("near.pem", 20), ("over.pem", -2)]
    write_certificate(folder, "near.pem", 6)
    watch.look()
    write_certificate(folder, "near.pem", 90)
    watch.look()
    CertificateWatch(parts).look()
    assert told() == [("near.pem", 20), ("over.pem", -2), ("near.pem", 6)]


def test_nothing_is_asked_while_nobody_listens(state, monkeypatch, tmp_path):
    monkeypatch.setattr(listening, "_LOOK", 0.01)
    monkeypatch.setattr(watches, "_SERVERS", 0.01)
    process, stop = Process(), threading.Event()
    given = {"dataplaneapi.resources.ssl_certs_dir": str(tmp_path), "dataplane.block_plugins": ("changes.drift",)}
    parts = services(state, process, **given)
    thread = threading.Thread(target=listening.watch_while_wanted, args=(parts, stop), daemon=True)
    thread.start()
    try:
        assert stays(lambda: process.asked == 0)
        handle = listening.listening_of(parts).begin()
        until(lambda: process.asked > 2)
        os.close(handle)
        until(lambda: not listening.listening_of(parts).anybody())
    finally:
        stop.set()
        thread.join()
