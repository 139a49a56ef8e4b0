"""Within the Debian of a trial: carry out docs/production.md, from the installation to the purge.

The commands are those of the page, in its order; between them stands what has to be true then.
`systemctl` is played: it starts and stops services as their units say (`systemd_part`).
"""

import hashlib
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        "/usr/share/doc/dataplane", "/etc/systemd/system/sockets.target.wants/dataplane.socket",
        "/etc/systemd/system/multi-user.target.wants/dataplane.service",
        "/var/lib/systemd/deb-systemd-helper-enabled/dataplane.service.dsh-also")  # fmt: skip
API = "/v2/services/haproxy"
VERBS = ("start", "stop", "restart", "reload", "enable", "preset", "is-enabled", "is-active")


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
        with self.log.open("wb") as log:
            self.process = start(
                sandbox.wrapped(self._unit.command()), environ, sockets, ["http"] * len(sockets),
                preexec_fn=sandbox.enter, stdout=log, stderr=log, cwd="/",
            )  # fmt: skip
        try:
            self.notifications.until("READY=1", self.is_alive)
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}\n{self.log.read_text()}") from None

    def is_alive(self) -> bool:
        """Return whether the main process runs."""
        return self.process.poll() is None

    def reload(self) -> None:
        """Send the signal of `ExecReload`."""
        words = self._unit.values["ExecReload"][-1].split()
        assert words[0] == "/bin/kill", words
        self.process.send_signal(getattr(signal, f"SIG{words[1][1:]}"))
        self.notifications.until("READY=1", self.is_alive)

    def stop(self) -> None:
        """End it as systemd does."""
        self.process.terminate()
        self.process.wait(60)
        self.notifications.close()


class Systemd:
    """Does what `systemctl` is told, for the services of this root."""

    def __init__(self) -> None:
        Path("/run/systemd/system").mkdir(parents=True)
        shutil.copy(Path(__file__).with_name("systemctl"), "/usr/bin/systemctl")
        Path("/usr/sbin/policy-rc.d").unlink()
        self.running: dict[str, Service] = {}
        self.listening: dict[str, socket.socket] = {}
        self.failed, self.starts = "", 0
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind("/run/systemctl.sock")
        self._server.listen()
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        while True:
            away = "dataplane" not in self.running
            knocked_at = [*self.listening.values()] if away else []
            if self._server not in select.select([self._server, *knocked_at], [], [])[0]:
                self._of_unit("start", "dataplane", False)  # a client is at the socket
                continue
            asked, _ = self._server.accept()
            with asked:
                words = json.loads(asked.makefile().readline())
                try:
                    said = self.act([one for one in words if one[:1] != "-"], "--now" in words)
                except Exception as error:
                    self.failed, said = str(error), f"!{error}"
                asked.sendall(said.encode())

    def act(self, words: list[str], now: bool = False) -> str:
        """Carry out a command; the answer begins with "!" where it says no."""
        if not words or words[0] not in VERBS:
            return ""
        said = [self._of_unit(words[0], one.removesuffix(".service"), now) for one in words[1:]]
        return "\n".join(said)

    def _of_unit(self, verb: str, name: str, now: bool) -> str:
        full = name if name.endswith(".socket") else f"{name}.service"
        links = list(Path("/etc/systemd/system").glob(f"*.wants/{full}"))
        if verb == "is-enabled":
            return "enabled" if links else "!disabled"
        if verb == "is-active":
            return "active" if name in self.running else "!inactive"
        if verb in ("enable", "preset"):
            target = re.search(r"^WantedBy=(.*)$", (UNITS / full).read_text(), re.M)
            assert target is not None
            wants = Path(f"/etc/systemd/system/{target[1]}.wants")
            wants.mkdir(exist_ok=True)
            if full not in os.listdir(wants):
                (wants / full).symlink_to(UNITS / full)
            return self._of_unit("start", name, now) if now else ""
        if name.endswith(".socket"):
            self._socket(verb, name)
            return ""
        if verb in ("stop", "restart") and name in self.running:
            self.running.pop(name).stop()
        if verb in ("start", "restart") and name not in self.running:
            self.starts += 1
            handed = tuple(self.listening.values()) if name == "dataplane" else ()
            self.running[name] = Service(name, handed)
        if verb == "reload":
            self.running[name].reload()
        return ""

    def _socket(self, verb: str, name: str) -> None:
        if verb == "start" and name not in self.listening:
            where = re.search(r"^ListenStream=127.0.0.1:(\d+)$", (UNITS / name).read_text(), re.M)
            assert where is not None
            self.listening[name] = socket.create_server(("127.0.0.1", int(where[1])))
        elif verb == "stop" and name in self.listening:
            self.listening.pop(name).close()


def page(heading: str) -> list[str]:
    """Return the commands below a heading of docs/production.md, a text for each block."""
    text = Path("/root/production.md").read_text()
    text = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    names = {"VERSION": "old", "NEXT": "new"}
    for written, name in names.items():
        text = text.replace(f"./dataplane_{written}_amd64.deb", f"/root/{name}.deb")
    return re.findall(r"```\n(.*?)```", text, re.S)


def type_in(commands: str) -> str:
    """Carry out commands of the page; the password is typed where one is asked for."""
    return run("bash", "-e", "-o", "pipefail", "-c", commands, given=PASSWORD + "\n")


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


def use(systemd: Systemd) -> None:
    """Use what was just installed: the first session, files of root's, a reload."""
    service = systemd.running["dataplane"]
    service.notifications.until("WATCHDOG=1")
    with step("the first session of README.md"):
        first_session()
    with step("a reload by the master's socket, beside a key that only root may read"):
        add_backend("more")
        assert facts(CONFIGURATION)[1:] == ("0o100644", 0, 0), facts(CONFIGURATION)
        assert Path("/var/log/dataplane/access.log").read_text()
    with step("a simulation without a network, once the user itself may read the key"):
        asked = {"requests": [{"method": "GET", "url": "http://127.0.0.1:8080/spare"}]}
        status, told = call("POST", "/dataplane/v1/simulate", asked)
        assert status == 422, told
        assert f"cannot open the file '{KEY}'" in str(told), told
        type_in(page("Who may do what")[0])
        status, told = call("POST", "/dataplane/v1/simulate", asked)
        assert status == 200, told
        assert told["isolated"] is True, told  # type: ignore[index,call-overload]
    with step("it may write nowhere else, and has no other right of root"):
        told = Path(f"/proc/{service.process.pid}/status").read_text()
        assert re.search(r"^CapEff:\s+000000000000000b$", told, re.M), told
        assert re.search(r"^NoNewPrivs:\s+1$", told, re.M), told
        assert not re.search(r"^Uid:\s+0", told, re.M), told
        mounts = Path(f"/proc/{service.process.pid}/mountinfo").read_text().splitlines()
        assert [one for one in mounts if one.split()[4] == "/" and one.split()[5].startswith("ro")]


def add_backend(name: str) -> None:
    """Make a backend, and wait until HAProxy has been reloaded."""
    path = f"{API}/configuration/backends?version={version()}"
    status, told = call("POST", path, {"name": name})
    assert status == 202, told
    wait_for(lambda: call("GET", f"{API}/reloads")[1][-1]["status"] == "succeeded")  # type: ignore[index]


def version() -> int:
    return int(str(call("GET", f"{API}/configuration/version")[1]))


def wait_for(condition: object) -> None:
    """Wait until something is true."""
    end = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def first_install() -> None:
    """Install the package, make a user, and look what is missing."""
    before = facts(CONFIGURATION)
    package, user, look, reload = page("Install")
    with step("install: the service is enabled, started and ready, haproxy.cfg is as it was"):
        type_in(package)
        assert facts(CONFIGURATION) == before
        assert Path(OURS[-2]).is_symlink(), "the unit is not enabled"
        assert call("GET", "/v2/info")[0] == 401
    with step("a user, who counts at once"):
        type_in(user)
        assert call("GET", "/v2/info")[0] == 200
    with step("nothing is missing"):
        type_in(look)
    with step("settings that are changed are read again"):
        SETTINGS.write_text(SETTINGS.read_text() + MARK)
        type_in(reload)


def backup() -> None:
    """Back up, lose something, and restore."""
    save, restore = page("Back up and restore")
    with step("back up"):
        type_in(save)
    with step("restore: what came after the copy is gone, and HAProxy has read the rest"):
        add_backend("too-late")
        assert "too-late" in backends()
        type_in(restore)
        assert "too-late" not in backends()
        status, told = call("GET", f"{API}/runtime/info")
        assert status == 200, told


def upgrade() -> None:
    """Install the next package, whose settings file differs, and then the former one again."""
    edited = facts(SETTINGS), facts(USERS), facts(CONFIGURATION)
    with step("upgrade: what the operator has edited stays, and so do backends and history"):
        type_in(page("Upgrade")[0])
        assert "+1" in run("dpkg-query", "-W", "dataplane")
        assert (facts(SETTINGS), facts(USERS), facts(CONFIGURATION)) == edited
        assert Path(f"{SETTINGS}.dpkg-dist").exists(), "the newer settings are not beside them"
        assert {"web", "spare", "more"} <= set(backends())
        assert call("GET", "/dataplane/v1/history")[0] == 200


def downgrade(systemd: Systemd) -> None:
    """Install the former package again, and meet a state that a newer server has changed."""
    former, back = page("Downgrade")
    with step("downgrade: it goes on with a state whose tables are the same"):
        type_in(former)
        assert "spare" in backends()
    with step("downgrade: it refuses a state with newer tables, in one line, and keeps every row"):
        run("systemctl", "stop", "dataplane")
        state = Path("/var/lib/dataplane/state/state.sqlite")
        with sqlite3.connect(state) as file:
            file.execute("UPDATE components SET step = step + 1")
        file.close()
        before = rows(state)
        run("systemctl", "start", "dataplane", fails=True)
        said = systemd.failed.partition("\n")[2].strip().splitlines()
        assert len(said) == 1, said
        assert "was written by a newer version of this server" in said[0], said
        after = rows(state)
        assert after == before, set(after) ^ set(before)
    with step("downgrade: the state of before the upgrade is put back"):
        type_in(back)
        assert "spare" in backends()


def rows(state: Path) -> list[str]:
    """Return all that a state holds, but for the moment of the last start, by both clocks."""
    file = sqlite3.connect(state)
    moments = ("'started'", "'started_at'")
    found = [line for line in file.iterdump() if not any(moment in line for moment in moments)]
    file.close()
    return found


@contextmanager
def knocking() -> Iterator[None]:
    """Have a client connect all the time."""
    over = threading.Event()

    def knock() -> None:
        while not over.wait(0.01):
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", 5555), 1).close()

    client = threading.Thread(target=knock)
    client.start()
    yield
    over.set()
    client.join()


def sockets(systemd: Systemd) -> None:
    """Serve on systemd's socket, which waits while the server is away."""
    with step("socket activation: a client waits for the start"):
        type_in(page("Clients wait while the server starts")[0])
        assert "spare" in backends()
        run("systemctl", "stop", "dataplane")
        with socket.create_connection(("127.0.0.1", 5555), 60) as waiting:
            run("systemctl", "start", "dataplane")
            waiting.sendall(b"GET /v2/info HTTP/1.0\r\n\r\n")
            assert waiting.recv(12) == b"HTTP/1.0 401"
    for what, heading in (("upgrade", "Upgrade"), ("downgrade", "Downgrade")):
        with step(f"{what}: no client starts the server before its files are replaced"):
            starts = systemd.starts
            with knocking():
                type_in(page(heading)[0])
            assert systemd.starts == starts + 1
            assert systemd.listening
            assert "spare" in backends()


def rotation() -> None:
    """Rotate the log as Debian does each day."""
    with step("logrotate, while the server writes"):
        assert backends()
        type_in(page("Logs")[0])
        assert backends()
        log = Path("/var/log/dataplane/access.log")
        wait_for(lambda: log.exists() and "GET" in log.read_text())
        assert Path(f"{log}.1").exists()
        assert oct(log.stat().st_mode) == "0o100640", oct(log.stat().st_mode)


def plugins() -> None:
    """Put a plugin where the page says, as pip unpacks it there."""
    with step("a plugin of somebody else, which no package brings"):
        folder = Path("/usr/local/lib/dataplane")
        facts_of_it = folder / "dataplane_udp_lb-1.0.dist-info"
        facts_of_it.mkdir(parents=True)
        shutil.copy(HERE / "examples" / "udp-lb" / "dataplane_udp_lb.py", folder)
        told = "Metadata-Version: 2.1\nName: dataplane-udp-lb\nVersion: 1.0\n"
        (facts_of_it / "METADATA").write_text(told)
        entry = "[dataplane.plugins]\nudp-lb = dataplane_udp_lb\n"
        (facts_of_it / "entry_points.txt").write_text(entry)
        assert "udp-lb" in run("dataplane", "plugins")
        shutil.rmtree(folder)


def removal() -> None:
    """Remove the package, install it again, and purge it."""
    before = facts(CONFIGURATION), facts(KEY)
    remove, purge = page("Remove")[0].splitlines()
    with step("remove: settings and state stay"):
        type_in(remove)
        assert not Path("/usr/lib/dataplane").exists()
        assert SETTINGS.read_text().endswith(MARK)
        assert Path("/var/lib/dataplane/state/state.sqlite").exists()
        run("systemctl", "is-active", "dataplane", fails=True)
    with step("install again: as it was"):
        type_in(page("Install")[0])
        assert "spare" in backends()
    with step("purge: state, user, settings and logs are gone, haproxy.cfg is as it was"):
        type_in(purge)
        assert [one for one in OURS if os.path.lexists(one)] == []
        assert "dataplane" not in Path("/etc/passwd").read_text() + Path("/etc/group").read_text()
        assert (facts(CONFIGURATION), facts(KEY)) == before
        assert "dataplane" not in run("dpkg", "-l")


def main() -> None:
    systemd = Systemd()
    with step("HAProxy of Debian under its unit"):
        sample()
        run("systemctl", "start", "haproxy")
        servers = [
            subprocess.Popen(
                [sys.executable, str(HERE / "demo" / "site.py"), *words], stderr=subprocess.DEVNULL
            )
            for words in (("web1", "8081"), ("web2", "8082"))
        ]
    print(run("haproxy", "-v").splitlines()[0])
    first_install()
    use(systemd)
    backup()
    upgrade()
    downgrade(systemd)
    sockets(systemd)
    rotation()
    plugins()
    removal()
    for one in servers:
        one.kill()
    run("systemctl", "stop", "haproxy")
    print("all of it holds")


if __name__ == "__main__":
    main()
