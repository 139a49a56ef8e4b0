"""Within the Debian of a trial: install, use, upgrade, downgrade, remove and purge the package."""

import hashlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE / "lib"))

from systemd_part import Notifications, Sandbox, Unit, start  # noqa: E402

UNITS = Path("/lib/systemd/system")
CONFIGURATION = Path("/etc/haproxy/haproxy.cfg")
KEY = Path("/etc/haproxy/site.pem")
USERS, SETTINGS = Path("/etc/dataplane/users.cfg"), Path("/etc/dataplane/dataplane.yaml")
PASSWORD = "of the first session"
MARK = "# the operator was here\n"
OURS = ("/usr/lib/dataplane", "/usr/bin/dataplane", "/usr/bin/dataplaneapi", "/etc/dataplane",
        "/var/lib/dataplane", "/var/log/dataplane", "/run/dataplane", "/etc/logrotate.d/dataplane",
        "/lib/systemd/system/dataplane.service", "/lib/systemd/system/dataplane.socket",
        "/usr/share/doc/dataplane", "/etc/systemd/system/multi-user.target.wants/dataplane.service",
        "/var/lib/systemd/deb-systemd-helper-enabled/dataplane.service.dsh-also")  # fmt: skip
API = "/v2/services/haproxy"


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is done, and how long it took."""
    before = time.monotonic()
    yield
    print(f"ok {time.monotonic() - before:5.1f} s  {what}", flush=True)


def run(*words: str, given: str = "", fails: bool = False) -> str:
    """Run a command, which has to succeed; return what it says."""
    done = subprocess.run(words, input=given, capture_output=True, text=True)
    if (done.returncode != 0) != fails:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def install(name: str, *options: str) -> None:
    """Install a package as an operator does."""
    run("apt-get", "install", "-q", "-y", "--no-install-recommends", *options, f"/root/{name}.deb")


class Service:
    """A unit that runs as systemd would run it, as far as this root can do that."""

    def __init__(self, name: str, sockets: tuple[socket.socket, ...] = ()) -> None:
        self._unit = Unit.read(UNITS / f"{name}.service")
        self.notifications = Notifications(f"/run/notify-{name}")
        environ = self._unit.environ() | {"NOTIFY_SOCKET": self.notifications.path}
        if seconds := self._unit.last("WatchdogSec"):
            environ["WATCHDOG_USEC"] = str(int(seconds) * 1_000_000)
        calls = Path("/root/calls").read_text().split()
        sandbox = Sandbox(self._unit, calls if self._unit.last("SystemCallFilter") else [])
        sandbox.prepare()
        self.log = Path(f"/root/{name}.log")
        with self.log.open("ab") as log:
            self.process = start(
                sandbox.wrapped(self._unit.command()), environ, sockets, ["http"] * len(sockets),
                preexec_fn=sandbox.enter, stdout=log, stderr=log, cwd="/",
            )  # fmt: skip
        try:
            self.notifications.until("READY=1", self._is_alive)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log.read_text()}") from None

    def _is_alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """End it as systemd does."""
        self.process.terminate()
        self.process.wait(60)
        self.notifications.close()


def call(method: str, path: str, body: object = None) -> tuple[int, object]:
    """Send a request to the API."""
    connection = http.client.HTTPConnection("127.0.0.1", 5555, timeout=60)
    word = b64encode(f"admin:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {word}", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text else None


def sample() -> None:
    """Write what an operator has: Debian's configuration, a site, a key that only root may read."""
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=site",
        "-keyout", "/root/key.pem", "-out", "/root/crt.pem")  # fmt: skip
    KEY.write_text(Path("/root/crt.pem").read_text() + Path("/root/key.pem").read_text())
    KEY.chmod(0o600)
    site = Path("/root/sample.cfg").read_text().partition("frontend site")[2]
    private = f"frontend private\n  bind 127.0.0.1:8443 ssl crt {KEY}\n  default_backend web\n"
    text = f"{CONFIGURATION.read_text()}\nfrontend site{site}\n{private}"
    CONFIGURATION.write_text(text)
    Path("/run/haproxy").mkdir()  # as tmpfiles.d says


def first_session() -> None:
    """Type the first session of README.md as it stands there."""
    text = Path("/root/README.md").read_text().split("## A first session")[1].split("\n## ")[0]
    script = "\n".join(re.findall(r"```\n(.*?)```", text, re.S)).replace("PASSWORD", PASSWORD)
    script = script.replace('auth="admin:', "auth='admin:").replace(f'{PASSWORD}"', f"{PASSWORD}'")
    script = script.replace("-u $auth", '-u "$auth"').replace("curl ", "curl -sS --fail-with-body ")
    said = run("bash", "-e", "-o", "pipefail", "-c", script)
    assert "web2: /spare for" in said.splitlines()[-1], said


def facts(path: Path) -> tuple[str, str, int, int]:
    """Return what must not change of a file: content, mode and owner."""
    status = path.stat()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return digest, oct(status.st_mode), status.st_uid, status.st_gid


def backends() -> list[str]:
    """Return the names of all backends, as the API tells."""
    status, told = call("GET", f"{API}/configuration/backends")
    assert status == 200, told
    return [one["name"] for one in told["data"]]  # type: ignore[index,call-overload]


def use(service: Service) -> None:
    """Use what was just installed: the commands, the first session, files of root's, a reload."""
    with step("doctor and status find nothing missing"):
        for command in ("doctor", "status"):
            run("dataplane", command, "-f", str(SETTINGS))
    with step("the first session of README.md"):
        first_session()
    with step("a reload by the master's socket, beside a key that only root may read"):
        path = f"{API}/configuration/backends?version={version()}"
        status, told = call("POST", path, {"name": "more"})
        assert status == 202, told
        wait_for(lambda: call("GET", f"{API}/reloads")[1][-1]["status"] == "succeeded")  # type: ignore[index]
        assert facts(CONFIGURATION)[1:] == ("0o100644", 0, 0), facts(CONFIGURATION)
    with step("a file of its own beside haproxy.cfg, a log, a reload of the settings"):
        assert Path("/var/log/dataplane/access.log").read_text()
        service.process.send_signal(signal.SIGHUP)
        service.notifications.until("RELOADING=1")
        service.notifications.until("READY=1")
        service.notifications.until("WATCHDOG=1")
    with step("it may write nowhere else, and has no other right of root"):
        told = Path(f"/proc/{service.process.pid}/status").read_text()
        assert re.search(r"^CapEff:\s+000000000000000b$", told, re.M), told
        assert re.search(r"^NoNewPrivs:\s+1$", told, re.M), told
        assert not re.search(r"^Uid:\s+0", told, re.M), told
        mounts = Path(f"/proc/{service.process.pid}/mountinfo").read_text().splitlines()
        assert [one for one in mounts if one.split()[4] == "/" and one.split()[5].startswith("ro")]


def version() -> int:
    return int(str(call("GET", f"{API}/configuration/version")[1]))


def wait_for(condition: object) -> None:
    """Wait until something is true."""
    end = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def first_install() -> None:
    """Install the first package, and give the API a user as the documents say."""
    before = facts(CONFIGURATION)
    with step("install the package"):
        install("old")
    assert facts(CONFIGURATION) == before
    assert Path(OURS[-2]).is_symlink(), "the unit is not enabled"
    with step("give the API a user"):
        line = "dataplane passwd admin | tail -n 1 >> /etc/dataplane/users.cfg"
        run("sh", "-c", line, given=PASSWORD + "\n")
        SETTINGS.write_text(SETTINGS.read_text() + MARK)


def upgrade() -> None:
    """Install the next package, whose settings file differs, and then the former one again."""
    edited = facts(SETTINGS), facts(USERS), facts(CONFIGURATION)
    with step("upgrade: what the operator has edited stays"):
        install("new", "-o", "Dpkg::Options::=--force-confold")
    assert (facts(SETTINGS), facts(USERS), facts(CONFIGURATION)) == edited
    assert Path(f"{SETTINGS}.dpkg-dist").exists(), "the newer settings are not beside them"
    with step("start again: backends, versions and history are there"):
        service = Service("dataplane")
        assert {"web", "spare", "more"} <= set(backends())
        assert call("GET", "/dataplane/v1/history")[0] == 200
        service.stop()
    with step("downgrade to the former package, and start it with the same state"):
        install("old", "--allow-downgrades", "-o", "Dpkg::Options::=--force-confold")
        assert facts(SETTINGS) == edited[0]
        service = Service("dataplane")
        assert "spare" in backends()
        service.stop()


def sockets() -> None:
    """Serve on systemd's socket, which waits while the server is away."""
    with step("socket activation: a client waits for the start"):
        unit = (UNITS / "dataplane.socket").read_text()
        where = re.search(r"^ListenStream=127.0.0.1:(\d+)$", unit, re.M)
        assert where is not None
        with socket.create_server(("127.0.0.1", int(where[1]))) as handed:
            waiting = socket.create_connection(("127.0.0.1", 5555), 60)
            service = Service("dataplane", (handed,))
            waiting.sendall(b"GET /v2/info HTTP/1.0\r\n\r\n")
            assert waiting.recv(12) == b"HTTP/1.0 401"
            waiting.close()
            service.stop()
            assert socket.create_connection(("127.0.0.1", 5555), 5)


def rotation() -> None:
    """Rotate the log as Debian does each day."""
    with step("logrotate, while the server writes"):
        service = Service("dataplane")
        assert backends()
        run("logrotate", "-f", "/etc/logrotate.d/dataplane")
        assert backends()
        log = Path("/var/log/dataplane/access.log")
        wait_for(lambda: log.exists() and "GET" in log.read_text())
        assert Path(f"{log}.1").exists()
        assert oct(log.stat().st_mode) == "0o100640", oct(log.stat().st_mode)
        service.stop()


def removal() -> None:
    """Remove the package, install it again, and purge it."""
    before = facts(CONFIGURATION), facts(KEY)
    with step("remove: settings and state stay"):
        run("apt-get", "remove", "-q", "-y", "dataplane")
        assert not Path("/usr/lib/dataplane").exists()
        assert SETTINGS.read_text().endswith(MARK)
        assert Path("/var/lib/dataplane/state/state.sqlite").exists()
    with step("install again: as it was"):
        install("old")
        service = Service("dataplane")
        assert "spare" in backends()
        service.stop()
    with step("purge: state, user, settings and logs are gone, haproxy.cfg is as it was"):
        run("apt-get", "purge", "-q", "-y", "dataplane")
        assert [one for one in OURS if os.path.lexists(one)] == []
        assert "dataplane" not in Path("/etc/passwd").read_text() + Path("/etc/group").read_text()
        assert (facts(CONFIGURATION), facts(KEY)) == before
        assert "dataplane" not in run("dpkg", "-l")


def main() -> None:
    with step("HAProxy of Debian under its unit"):
        sample()
        haproxy = Service("haproxy")
        servers = [
            subprocess.Popen(
                [sys.executable, str(HERE / "demo" / "site.py"), *words], stderr=subprocess.DEVNULL
            )
            for words in (("web1", "8081"), ("web2", "8082"))
        ]
    print(run("haproxy", "-v").splitlines()[0])
    first_install()
    with step("start under the unit: ready, and the watchdog is fed"):
        service = Service("dataplane")
        service.notifications.until("WATCHDOG=1")
    use(service)
    with step("stop"):
        service.stop()
    upgrade()
    sockets()
    rotation()
    removal()
    for one in servers:
        one.kill()
    haproxy.stop()
    print("all of it holds")


if __name__ == "__main__":
    main()
