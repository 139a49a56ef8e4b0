import concurrent.futures
import contextlib
import errno
import json
import os
import signal
import socket
import ssl
import stat
from pathlib import Path

import pytest

from dataplane_core.server import starting
from dataplane_core.server.folders import make_folders
from dataplane_core.server.listen_addresses import listen_addresses
from dataplane_core.server.process import process_user
from dataplane_core.server.state import ServerState
from dataplane_core.settings import Settings, SettingsError, load
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, stays, until
from tests.server import certificates

pytestmark = pytest.mark.server


def tls_tree(tmp_path, ca=None, scheme=("https",)):
    authority = certificates.make("authority")
    path = certificates.make("server", authority).write(tmp_path / "server.pem")
    tls = {"tls_certificate": path, "tls_port": free_port()}
    if ca:
        tls["tls_ca"] = ca
    return {"dataplaneapi": {"scheme": list(scheme), "tls": tls}}, authority


def exchange(running, raw):
    with socket.create_connection(("127.0.0.1", running.port), 10) as connection:
        connection.sendall(raw)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_three_listeners_at_once(make, tmp_path, trusting):
    tree, _ = tls_tree(tmp_path, scheme=("http", "https", "unix"))
    running = make(tree).start()
    for scheme in ("http", "https", "unix"):
        facts = running.ask("/", scheme, trusting)
        assert facts["listener"] == scheme
        assert facts["scheme"] == ("https" if scheme == "https" else "http")
        assert facts["certificate"] is None
        assert facts["started"] is True
    mode = os.stat(running.socket).st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o660
    with contextlib.closing(running.connection("https", trusting)) as connection:
        for _ in range(3):  # the connection is kept
            connection.request("POST", "/echo", b"x" * 100_000)
            assert json.loads(connection.getresponse().read())["length"] == 100_000
    with pytest.raises((ssl.SSLError, OSError)):
        port = running.tree["dataplaneapi"]["tls"]["tls_port"]
        running.tree["dataplaneapi"]["tls"]["tls_port"] = running.port
        running.ask("/", "https", trusting)
    running.tree["dataplaneapi"]["tls"]["tls_port"] = port
    folders = os.listdir(running.folder / "resources")
    assert sorted(folders) == ["general_storage", "maps", "spoe", "spoe_transaction", "ssl_certs"]
    assert stat.S_IMODE(os.stat(running.folder / "state").st_mode) == 0o700


def test_a_client_certificate_is_required_on_the_tls_listener_alone(make, tmp_path, trusting):
    clients = certificates.make("clients")
    ca = clients.write(tmp_path / "clients.pem")
    tree, _ = tls_tree(tmp_path, ca, scheme=("http", "https"))
    running = make(tree).start()
    assert running.ask("/", "http")["certificate"] is None
    with pytest.raises(OSError):
        running.ask("/", "https", trusting)
    stranger = certificates.make("robot", certificates.make("clients"))
    trusting.load_cert_chain(stranger.write(tmp_path / "stranger.pem"))
    with pytest.raises(OSError):
        running.ask("/", "https", trusting)
    robot = certificates.make("robot", clients)
    trusting.load_cert_chain(robot.write(tmp_path / "robot.pem"))
    facts = running.ask("/", "https", trusting)
    assert facts["certificate"] > 100
    assert "Traceback" not in running.log.read_text()


def test_a_renewed_certificate_is_used_without_a_reload(make, tmp_path, trusting):
    tree, _ = tls_tree(tmp_path)
    running = make(tree).start(wait=False)

    def subject():
        with contextlib.suppress(OSError):
            port = tree["dataplaneapi"]["tls"]["tls_port"]
            return ssl.get_server_certificate(("127.0.0.1", port), timeout=PATIENCE)

    first = running.wait_for(subject)
    (tmp_path / "server.pem").write_text("junk")
    assert subject() == first
    certificates.make("second").write(tmp_path / "server.pem")
    assert subject() != first
    assert "the former certificate stays in use" in running.log.read_text()


def test_sigterm_lets_requests_under_way_end(make):
    running = make({"dataplaneapi": {"scheme": ["http", "unix"]}}).start()
    idle = socket.create_connection(("127.0.0.1", running.port))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        slow = pool.submit(running.ask, "/slow")
        running.wait_for((running.folder / "state" / "slow").exists)
        running.signal(signal.SIGTERM)
        assert slow.result()["name"] == "first"
    assert running.process.wait(PATIENCE) == 0
    idle.close()
    assert not os.path.exists(running.socket)
    assert [name for name in os.listdir(running.folder / "state") if name.startswith("stopped-")]
    with pytest.raises(OSError):
        running.ask("/")


def test_sighup_reads_the_settings_again_and_drops_no_request(make, trusting, tmp_path):
    running = make().start()
    before = running.ask("/")
    port, old_port = free_port(), running.port
    running.change({"name": "second", "dataplaneapi": {"port": port}})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        slow = pool.submit(running.ask, "/slow")
        running.wait_for((running.folder / "state" / "slow").exists)
        running.signal(signal.SIGHUP)
        assert slow.result()["name"] == "first"
    running.port = port
    after = running.wait_for(running.answers)
    assert after["name"] == "second"
    assert after["parent"] == before["parent"] == running.process.pid

    def is_refused():
        try:
            socket.create_connection(("127.0.0.1", old_port), 1).close()
        except OSError:
            return True
        return False

    running.wait_for(is_refused)  # the old worker ends once the new one serves
    assert "Traceback" not in running.log.read_text()


def test_a_worker_that_was_just_forked_is_told_of_the_end(make):
    running = make({"name": "slow to fork"}).start(wait=False)
    running.wait_for((running.folder / "state" / "forked").exists)
    running.signal(signal.SIGTERM)
    assert running.process.wait(PATIENCE) == 0  # a worker that is not told is killed after 15 s


def test_who_connects_during_the_start_waits_for_an_answer(make):
    running = make({"name": "slow to start"}).start(wait=False)
    running.wait_for((running.folder / "state" / "building").exists)
    assert running.ask("/")["name"] == "slow to start"


def test_a_sighup_during_the_start_does_not_end_it(make):
    running = make({"name": "slow to start"}).start(wait=False)
    running.wait_for((running.folder / "state" / "building").exists)
    running.signal(signal.SIGHUP)
    assert running.wait_for(running.answers)["name"] == "slow to start"


@pytest.mark.parametrize("name", ["", "helpless"])
def test_a_worker_is_helped_by_a_child_of_the_master(make, name):
    running = make({"name": name}).start()
    asked = running.ask("/call")
    assert asked["called"] is True
    (mark,) = running.wait_for(lambda: list((running.folder / "state").glob("helped-by-*")))
    _, _, helper, _, master = mark.name.split("-")
    assert int(master) == asked["parent"]
    assert int(helper) not in (asked["pid"], asked["parent"])
    running.wait_for(lambda: not Path(f"/proc/{helper}").exists())
    assert running.ask("/")["pid"] == asked["pid"]


def test_a_helper_does_not_keep_the_server(make):
    running = make({"name": "slow to help"}).start()
    master = running.ask("/call")["parent"]
    (mark,) = running.wait_for(lambda: list((running.folder / "state").glob("helped-by-*")))
    helper = mark.name.split("-")[2]
    os.kill(master, signal.SIGTERM)
    until(lambda: not Path(f"/proc/{helper}").exists())


def test_a_sighup_to_all_processes_ends_no_worker(make):
    running = make().start()
    before = running.ask("/")["pid"]
    os.kill(before, signal.SIGHUP)
    assert stays(lambda: running.ask("/")["pid"] == before)


def test_programs_that_are_run_take_signals_as_any_other(make):
    running = make()
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup starts programs
    try:
        running.start()
    finally:
        signal.signal(signal.SIGHUP, previous)
    assert running.ask("/child")["children"] == [[0, 0], [0, 0]]


def test_bad_settings_at_sighup_keep_the_old_ones(make):
    running = make().start()
    good = running.ask("/")
    taken = socket.create_server(("127.0.0.1", 0))
    mistakes = {
        "settings.yaml:1: nmae: there is no such setting": {"nmae": "x"},
        "cannot be opened: Address already in use": {
            "dataplaneapi": {"port": taken.getsockname()[1]}
        },
        "/state: No space left on device": {"name": "broken"},
        "a..b has no address: that is no name of a host": {
            "dataplaneapi": {"host": "a..b"}, "dataplane": {"plain_network": True},
        },
        "unforeseen": {"name": "unforeseen"},
    }
    before = running.settings.read_text()
    for message, change in mistakes.items():
        running.change(change)
        running.signal(signal.SIGHUP)
        running.wait_for(lambda message=message: message in running.log.read_text())
        assert running.ask("/")["pid"] == good["pid"]
        running.tree = json.loads(before)
        running.tree.pop("nmae", None)
    running.change({"name": "third"})
    running.signal(signal.SIGHUP)
    running.wait_for(lambda: running.named("third"))
    taken.close()


def test_a_listener_of_settings_that_were_refused_is_closed_again(make):
    running = make().start()
    port = free_port()
    running.change({"dataplaneapi": {"port": port}, "log_targets": [{"log_to": "file",
                    "log_file": "/dev/null/x"}]})  # fmt: skip
    running.signal(signal.SIGHUP)
    running.wait_for(lambda: "/dev/null/x cannot be written" in running.log.read_text())
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 1)
    assert running.ask("/")["name"] == "first"


def test_a_syslog_server_that_cannot_be_ends_nothing(make):
    running = make().start()
    syslog = {"syslog_address": "logs..example.org:514", "syslog_protocol": "udp"}
    targets = [*running.tree["log_targets"], {"log_to": "syslog", "syslog": syslog}]
    running.change({"log_targets": targets, "name": "second"})
    running.signal(signal.SIGHUP)
    running.wait_for(lambda: running.named("second"))
    assert "logs..example.org:514 cannot be reached: that is no name" in running.log.read_text()


def test_a_killed_predecessor_is_in_nobodys_way(make, tmp_path):
    pid_file = tmp_path / "run" / "pid"
    pid_file.parent.mkdir()
    tree = {"dataplaneapi": {"scheme": ["http", "unix"], "pid_file": str(pid_file)}}
    running = make(tree).start()
    assert int(pid_file.read_text()) == running.process.pid
    os.kill(running.process.pid, signal.SIGKILL)  # its workers are left to notice
    running.process.wait()
    assert os.path.exists(running.socket)
    pid_file.write_text("1\n")  # by now the id is somebody else's
    running.start(wait=False)
    running.wait_for(lambda: (running.answers() or {}).get("parent") == running.process.pid)
    assert running.ask("/", "unix")["parent"] == running.process.pid
    assert int(pid_file.read_text()) == running.process.pid
    running.stop()
    assert not pid_file.exists()


def test_a_listener_that_cannot_be_had_stops_the_start_with_its_name(make, tmp_path):
    running = make({"dataplaneapi": {"scheme": ["unix"]}})
    (running.folder / "api.sock").write_text("precious")
    running.start(wait=False)
    assert running.process.wait(PATIENCE) == 1
    assert "a file that is no socket is there" in running.log.read_text()
    assert (running.folder / "api.sock").read_text() == "precious"


def test_the_folder_of_the_unix_socket_is_made(make, tmp_path):
    path = tmp_path / "a" / "b" / "api.sock"
    running = make({"dataplaneapi": {"scheme": ["http", "unix"], "socket_path": str(path)}})
    running.socket = str(path)
    running.start()
    assert running.ask("/", "unix")["listener"] == "unix"
    assert path.parent.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/proc/x/api.sock", "dataplaneapi.socket_path: the folder /proc/x cannot be made: "
         "No such file or directory; make it or name another"),
        ("/proc/api.sock", "listener unix:/proc/api.sock: cannot be opened: No such file or "
         "directory; the server needs the right to write to /proc"),
        ("/tmp/" + "x" * 110, "AF_UNIX path too long; dataplaneapi.socket_path may have 107 bytes"),
        ("/etc/passwd", "/etc/passwd: cannot be opened: a file that is no socket is there; "
         "remove it, or set another dataplaneapi.socket_path"),
    ],
)  # fmt: skip
def test_a_unix_socket_that_cannot_be_had_is_told_with_the_remedy(make, path, message):
    running = make({"dataplaneapi": {"scheme": ["unix"], "socket_path": path}}).start(wait=False)
    assert running.process.wait(PATIENCE) == 1
    text = running.log.read_text()
    assert message in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"dataplaneapi": {"scheme": ["https"], "tls": {"tls_certificate": "/no/x.pem"}}},
         "dataplaneapi.tls.tls_certificate: /no/x.pem cannot be read: No such file"),
        ({"name": "broken"}, "/state: No space left on device"),
        ({"name": "unreadable"}, f"from 'http'; does uid {os.geteuid()} have the right to read"),
        ({"log_targets": [{"log_to": "file", "log_file": "/dev/null/x"}]}, "cannot be written"),
        ({"dataplaneapi": {"pid_file": "/no/pid"}}, "dataplaneapi.pid_file: /no/pid cannot"),
        ({"dataplaneapi": {"host": "no such host"}, "dataplane": {"plain_network": True}},
         "no such host has no address"),
        ({"dataplane": {"state_dir": "/dev/null/x"}}, "dataplane.state_dir: /dev/null/x cannot be"),
    ],
)  # fmt: skip
def test_what_stops_the_start_is_told_in_one_line(make, tree, message):
    running = make(tree).start(wait=False)
    assert running.process.wait(PATIENCE) == 1
    text = running.log.read_text()
    assert message in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("host: 192.0.2.1", 2, "dataplaneapi.host: is 192.0.2.1, where passwords cross the network without TLS: use the scheme https"),
        ("scheme: [https]\n  tls:\n    tls_certificate: {pem}\n    tls_host: no.such.host.invalid", 5,
         "dataplaneapi.tls.tls_host: no.such.host.invalid has no address"),
        ("scheme: [https]\n  tls:\n    tls_certificate: /no/x.pem", 4,
         "dataplaneapi.tls.tls_certificate: /no/x.pem cannot be read"),
        ("scheme: [https]\n  tls:\n    tls_certificate: {pem}\n    tls_key: /no/x.key", 5,
         "dataplaneapi.tls.tls_key: /no/x.key cannot be read"),
        ("scheme: [https]\n  tls:\n    tls_certificate: {pem}\n    tls_ca: /no/ca.pem", 5,
         "dataplaneapi.tls.tls_ca: /no/ca.pem cannot be read"),
        ("scheme: [https]\n  tls:\n    tls_certificate: {pem}\n    tls_host: 192.0.2.1", 5,
         "dataplaneapi.tls.tls_host: listener https://192.0.2.1:"),
        ("scheme: [unix]\n  socket_path: /proc/x/api.sock", 3,
         "dataplaneapi.socket_path: the folder /proc/x cannot be made"),
        ("scheme: [unix]\n  socket_path: /proc/api.sock", 3,
         "dataplaneapi.socket_path: listener unix:/proc/api.sock: cannot be opened"),
        ("host: 127.0.0.1\n  port: 0\n  pid_file: /no/no/x.pid", 4,
         "dataplaneapi.pid_file: /no/no/x.pid cannot be written"),
        ("host: 127.0.0.1\n  transaction: {transaction_dir: /proc/x/y}", 3,
         "dataplaneapi.transaction.transaction_dir: /proc/x/y cannot be made"),
        ("host: 127.0.0.1\n  transaction:\n    backups_dir: /proc/x", 4,
         "dataplaneapi.transaction.backups_dir: /proc/x cannot be made"),
    ],
)  # fmt: skip
def test_what_stops_the_start_is_told_with_its_line_and_key(
    tmp_path, monkeypatch, text, line, message
):
    monkeypatch.setattr("dataplane_core.server.state.configure", lambda settings: None)
    pem = certificates.make("server").write(tmp_path / "server.pem")
    kept = "" if "transaction:" in text else f"\n  transaction: {{transaction_dir: {tmp_path}/t}}"
    path = tmp_path / "s.yaml"
    path.write_text(f"dataplaneapi:\n  {text.replace('{pem}', pem)}{kept}\n")
    site = ServerState(Settings.default, lambda settings: pytest.fail("there is nothing to serve"))
    with pytest.raises(SettingsError) as caught:
        site.listen(load(["-f", str(path)], {}))
        site.begin()
    site.listeners.adopt({})
    assert str(caught.value).startswith(f"{path}:{line}: {message}")


def test_a_folder_that_cannot_be_looked_at_is_told_with_its_key(tmp_path, monkeypatch):
    """Found by the faults of a start: it ended with a trace."""
    looked = os.lstat

    def lstat(path, **more):
        if path == str(tmp_path / "transactions"):
            raise OSError(errno.EIO, "Input/output error", path)
        return looked(path, **more)

    file = tmp_path / "s.yaml"
    file.write_text(f"dataplaneapi:\n  transaction: {{transaction_dir: {tmp_path}/transactions}}\n")
    settings = load(["-f", str(file)], {})
    monkeypatch.setattr(os, "lstat", lstat)
    with pytest.raises(SettingsError, match="transactions cannot be made: Input/output error"):
        make_folders(settings, process_user(settings))


def test_what_the_system_refuses_at_the_start_is_a_sentence(monkeypatch, capsys):
    def load():
        raise OSError(errno.EIO, "Input/output error", "/state")

    monkeypatch.setattr(starting, "disregard", lambda number: None)
    with pytest.raises(SystemExit) as ended:
        starting.serve(load, lambda settings: pytest.fail("there is nothing to serve"))
    assert ended.value.code == 1
    assert capsys.readouterr().err == "the server cannot start: [Errno 5] Input/output error: '/state'\n"


def test_a_folder_of_somebody_else_is_not_used(make):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    running = make()
    (running.folder / "state").mkdir()
    os.chown(running.folder / "state", 12345, 12345)
    running.start(wait=False)
    assert running.process.wait(PATIENCE) == 1
    assert "belongs to another user (uid 12345)" in running.log.read_text()


def test_the_server_becomes_another_user_with_its_groups(make, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    for folder in (one for one in (tmp_path, *tmp_path.parents) if "pytest" in str(one)):
        os.chmod(folder, 0o755)
    log = tmp_path / "logs" / "app.log"
    tree = {
        "dataplaneapi": {"scheme": ["http", "unix"], "uid": 65534, "gid": 65533},
        "log_targets": [{"log_to": "file", "log_file": str(log), "log_level": "info"}],
    }
    running = make(tree)
    os.chmod(running.folder, 0o755)
    running.start()
    facts = running.ask("/", "unix")
    assert facts["uid"] == 65534
    assert facts["groups"] == [65533]
    with open(f"/proc/{running.process.pid}/status") as lines:
        status = dict(line.split(":", 1) for line in lines)
    assert set(status["Uid"].split()) == {"65534"}
    assert set(status["Gid"].split()) == {"65533"}
    owners = {os.stat(p).st_uid for p in (running.socket, running.folder / "state", log)}
    assert owners == {65534}
    running.signal(signal.SIGTERM)
    assert running.process.wait(PATIENCE) == 0


def test_one_process_alone_bears_the_programs_name(make):
    def named(text):
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                title = (folder / "cmdline").read_bytes() + (folder / "comm").read_bytes()
                if os.getpgid(int(folder.name)) == running.process.pid and text in title:
                    found.append(int(folder.name))
        return found

    running = make({"dataplane": {"workers": 3}}).start()
    running.wait_for(lambda: len(named(b"api-worker")) == 3)
    assert named(b"dataplane") == [running.process.pid]
    assert Path(f"/proc/{running.process.pid}/comm").read_text() == "dataplane\n"
    worker = running.ask("/")["pid"]
    assert Path(f"/proc/{worker}/comm").read_text() == "api-worker\n"
    title = Path(f"/proc/{worker}/cmdline").read_text()
    assert title.startswith(f"api-worker of {running.process.pid}")


def test_a_dead_worker_is_replaced(make):
    running = make().start()
    first = running.ask("/")["pid"]
    with pytest.raises((OSError, AssertionError)):
        running.ask("/die")
    running.wait_for(lambda: (running.answers() or {}).get("pid", first) != first)


def test_what_is_no_http_gets_json_and_is_not_repeated(make):
    running = make().start()
    cases = {
        b"GARBAGE hidden\r\n\r\n": 400,
        b"GET / HTTP/1.1\r\nAuthorization hidden: x\r\n\r\n": 400,
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n": 414,
        b"GET / HTTP/1.1\r\nA: " + b"x" * (1 << 20) + b"\r\n\r\n": 431,
        b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: x\r\n" % n for n in range(200)) + b"\r\n": 431,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: what\r\n\r\n": 501,
        b"GET /crash HTTP/1.1\r\nConnection: close\r\n\r\n": 500,
    }
    for raw, status in cases.items():
        received = exchange(running, raw)
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status), (raw[:40], received)
        assert json.loads(body)["code"] == status
        assert b"hidden" not in received
    assert "GARBAGE" not in running.log.read_text()


def test_the_size_of_headers_is_limited_in_total(make):
    def headers(*sizes):
        lines = [b"A%d: " % number + b"x" * size for number, size in enumerate(sizes)]
        return b"\r\n".join([b"GET / HTTP/1.1", b"Connection: close", *lines, b"", b""])

    running = make().start()
    assert exchange(running, headers(100_000)).startswith(b"HTTP/1.1 200 ")
    assert exchange(running, headers(*[8000] * 125)).startswith(b"HTTP/1.1 200 ")

    running = make({"dataplaneapi": {"max_header_size": "64KiB"}}).start()
    for sizes, status in (((65_000,), 200), ((66_000,), 431), ((800,) * 70, 200), ((800,) * 90, 431)):
        assert exchange(running, headers(*sizes)).startswith(b"HTTP/1.1 %d " % status), sizes


def test_a_client_that_stalls_costs_no_thread_and_is_let_go(make):
    running = make({"dataplaneapi": {"read_timeout": "300ms"}}).start()
    stalled = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(20)]
    assert running.ask("/")["name"] == "first"
    half = socket.create_connection(("127.0.0.1", running.port), PATIENCE)
    half.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc")
    assert b"500" not in half.recv(1000)  # in time: it gives up by itself
    for connection in (*stalled, half):
        connection.close()
    assert "Traceback" not in running.log.read_text()


def test_localhost_is_every_address_of_that_name():
    settings = Settings.default().replace(**{"dataplaneapi.port": 5555})
    (group,) = listen_addresses(settings)
    assert {place.where[0] for place in group} <= {"127.0.0.1", "::1"}
    assert ("127.0.0.1", 5555) in {place.where for place in group}


def test_a_free_port_is_named_in_the_log(make):
    running = make({"dataplaneapi": {"port": 0}}).start(wait=False)
    running.wait_for(lambda: "listening on http://127.0.0.1:" in running.log.read_text())
    running.port = int(running.log.read_text().split("127.0.0.1:")[1].split()[0])
    assert running.wait_for(running.answers)["name"] == "first"


def test_access_lines_and_the_old_form_of_the_log(make, tmp_path):
    path = tmp_path / "all.log"
    tree = {
        "log_targets": None,
        "log": {"log_to": "file", "log_file": str(path), "log_level": "info"},
    }
    running = make(tree).start()
    running.ask("/x?password=hidden", headers={"Authorization": "Basic aGlkZGVu"})
    running.wait_for(lambda: "GET /x?password=*** HTTP/1.1" in path.read_text())
    assert "hidden" not in path.read_text()
    assert " listening on " in path.read_text()
