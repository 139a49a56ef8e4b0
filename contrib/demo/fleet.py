"""The fleet that `contrib/fleet` starts: a store, and members with HAProxy each.

Everything it writes is in one folder (`run-fleet` unless told otherwise), which is made anew at
each start. All members have one configuration; what is a member's own stands in the environment of
its HAProxy: `SITE_PORT` and `NODE`.
"""

import argparse
import base64
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from files import (
    FOLDERS,
    MASTER_SOCKET,
    TOP,
    USER,
    CannotStart,
    Session,
    free_port,
    write_settings,
)
from processes import Processes
from session import answers, at_terminal, find_haproxy, wait_until_ready

REST = 45.0
"""Seconds until what has ended is started again: after 30 a member is away for the others."""

CONFIGURATION = """\
global
  maxconn 1000
  stats socket "${SOCKETS}/haproxy.sock" mode 600 level admin

defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s

frontend site
  bind "127.0.0.1:${SITE_PORT}"
  http-request return content-type text/plain string "$NODE" if { path /n }
  default_backend web

backend web
  server web1 127.0.0.1:%d check
  server web2 127.0.0.1:%d check
"""
SETTINGS = """\
fleet:
  store: {store}
  node: {name}
  group: {group}
  key_file: {key_file}
"""
API = "/v3/services/haproxy/configuration"


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="contrib/fleet", description=__doc__.split("\n\n")[0])
    parser.add_argument("members", type=int, nargs="?", default=3, metavar="N", help="members (3)")
    parser.add_argument("--store", metavar="URL", help="a store that runs already; else an etcd")
    parser.add_argument("--haproxy-bin", metavar="PATH", help="HAProxy to use")
    parser.add_argument("--run-dir", type=Path, default=TOP / "run-fleet", help="folder for it all")
    parser.add_argument("--check", action="store_true", help="start, change something, and end")
    return parser.parse_args(arguments)


def start_store(processes: Processes, folder: Path) -> str:
    """Start an etcd of one member; return the address of the store."""
    program = shutil.which("etcd")
    if program is None:
        raise CannotStart(
            "no etcd is installed here: `apt-get install etcd-server` brings one, "
            "or --store names a store that runs"
        )
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    processes.start(
        "etcd", program, "--data-dir", str(folder / "etcd"), "--log-level", "error",
        "--listen-client-urls", client, "--advertise-client-urls", client,
        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
        "--initial-cluster", f"default={peer}",
    )  # fmt: skip
    wait_until_ready(processes, f"{client}/health", "etcd")
    return f"etcd://{client.removeprefix('http://')}/dataplane"


class Member:
    """A member: its folder, its ports, and how it is asked."""

    def __init__(self, folder: Path, sockets: Path, number: int, password: str) -> None:
        self.name = f"node{number}"
        self.folder, self.sockets = folder / self.name, sockets / self.name
        self.port, self.site_port, self.password = free_port(), free_port(), password
        for one in (self.sockets, *(self.folder / name for name in FOLDERS)):
            one.mkdir(parents=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(
        self, processes: Processes, haproxy: str, text: str, settings: dict[str, str]
    ) -> None:
        (self.folder / "haproxy.cfg").write_text(text, "utf-8")
        target = self.folder / "dataplane.yaml"
        session = Session(self.password, self.port, self.site_port, [], str(self.sockets))
        write_settings(target, self.folder, session, haproxy)
        with target.open("a", encoding="utf-8") as file:
            file.write(SETTINGS.format(name=self.name, **settings))
        own = {"SITE_PORT": str(self.site_port), "NODE": self.name, "SOCKETS": str(self.sockets)}
        environ = {**os.environ, **own}
        command = [haproxy, "-W", "-db", "-S", f"{self.sockets}/{MASTER_SOCKET}"]
        processes.start(
            f"haproxy-{self.name}", *command, "-f", f"{self.folder}/haproxy.cfg", environ=environ
        )
        program = Path(sys.executable).with_name("dataplane")
        processes.start(
            self.name, str(program), "serve", "-f", f"{self.folder}/dataplane.yaml", environ=environ
        )


def ask(member: Member, path: str, body: object = None) -> str:
    """Return what a member answers."""
    from urllib.request import Request, urlopen

    request = Request(member.url + path, None if body is None else json.dumps(body).encode())
    token = base64.b64encode(f"{USER}:{member.password}".encode()).decode()
    request.add_header("Authorization", f"Basic {token}")
    request.add_header("Content-Type", "application/json")
    with urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def wait_until(true: object, what: str, processes: Processes, seconds: float = 30.0) -> None:
    """Wait until a function returns true."""
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        if name := processes.ended():
            raise CannotStart(f"{name} ended:\n{processes.last_words(name)}")
        if time.monotonic() > end:
            raise CannotStart(f"in {seconds:.0f} s: {what}")
        time.sleep(0.1)


def have_all(members: list[Member]) -> bool:
    fleet = json.loads(ask(members[0], "/dataplane/v1/fleet"))
    states = [node.get("state") for node in fleet["nodes"]]
    versions = {node.get("version") for node in fleet["nodes"]}
    return states == ["applied"] * len(members) and len(versions) == 1


def try_it(members: list[Member], processes: Processes) -> None:
    """Change something on the last member, and see it on the first, for `--check`."""
    first, last = members[0], members[-1]
    path, version = f"{API}/backends/web/servers", int(ask(last, f"{API}/version"))
    body = {"name": "tried", "address": "127.0.0.1", "port": 9}
    ask(last, f"{path}?version={version}", body)
    said = "the first member has what the last took"
    wait_until(lambda: found(first, f"{path}/tried"), said, processes)
    wait_until(lambda: have_all(members), "all members have one version", processes)
    for member in members:
        site = f"http://127.0.0.1:{member.site_port}/"
        wait_until(lambda site=site: answers(site), f"{site} answers", processes)
    print("every member has what one of them took, and serves")


def found(member: Member, path: str) -> bool:
    from urllib.error import HTTPError

    try:
        return bool(ask(member, path))
    except HTTPError:
        return False


def describe(members: list[Member], store: str) -> str:
    """Return what is printed of a running fleet."""
    lines = [f"Store       {store}", f"User        {USER}", f"Password    {members[0].password}"]
    for one in members:
        lines.append(f"{one.name:11} {one.url}/   site http://127.0.0.1:{one.site_port}/")
    first, last = members[0], members[-1]
    return "\n".join(("", *lines)) + f"""

Try, in another terminal:
  auth={USER}:{first.password}
  version=$(curl -s -u $auth {last.url}{API}/version)
  curl -u $auth -H "Content-Type: application/json" -X POST \\
    "{last.url}{API}/backends/web/servers?version=$version" \\
    -d '{{"name": "web3", "address": "127.0.0.1", "port": 8083}}'
  curl -u $auth {first.url}{API}/backends/web/servers
  curl -u $auth {first.url}/dataplane/v1/fleet

Kill any of them, and see what the others say: it is started again in {REST:.0f} s.
Ctrl-C ends all of it.
"""


def watch(processes: Processes) -> None:
    """Wait until a signal comes; what ends is started again, once the others have noticed."""
    due: dict[str, float] = {}
    while True:
        now = time.monotonic()
        for name, process in processes.running.items():
            if process.poll() is not None and name not in due:
                due[name] = now + REST
                print(f"{name} ended: it is started again in {REST:.0f} s", flush=True)
        for name in [one for one, moment in due.items() if moment <= now]:
            del due[name]
            processes.start_again(name)
        time.sleep(0.5)


def run(chosen: argparse.Namespace, folder: Path) -> None:
    if not 1 <= chosen.members <= 50:
        raise CannotStart("a fleet to try out has from 1 to 50 members")
    haproxy = find_haproxy(chosen.haproxy_bin)
    if haproxy is None:
        raise CannotStart("no HAProxy was found for this platform; --haproxy-bin PATH names one")
    if folder.exists():
        if not (folder / "fleet.key").exists():
            raise CannotStart(f"{folder} was not made by contrib/fleet; --run-dir names another")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    key_file = folder / "fleet.key"
    key_file.touch(0o600)
    key_file.write_text(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
    processes, password = Processes(folder), secrets.token_urlsafe(12)
    with tempfile.TemporaryDirectory(prefix="dataplane-fleet-") as sockets:
        try:
            store = chosen.store or start_store(processes, folder)
            ports = [free_port(), free_port()]
            site = str(TOP / "contrib" / "demo" / "site.py")
            for name, port in zip(("web1", "web2"), ports, strict=True):
                processes.start(name, sys.executable, site, name, str(port))
            members = [
                Member(folder, Path(sockets), number + 1, password)
                for number in range(chosen.members)
            ]
            for number, member in enumerate(members):
                group = "edge" if number % 2 else "core"
                settings = {"store": store, "group": group, "key_file": str(key_file)}
                member.start(processes, haproxy, CONFIGURATION % tuple(ports), settings)
                wait_until_ready(processes, f"{member.url}/v2/info", member.name, password)
            wait_until(lambda: have_all(members), "all members have one version", processes)
            print(describe(members, store), flush=True)
            if chosen.check:
                try_it(members, processes)
            else:
                watch(processes)
        finally:
            processes.stop()


def work() -> None:
    chosen = options(sys.argv[1:])
    run(chosen, chosen.run_dir.resolve())


if __name__ == "__main__":
    sys.exit(at_terminal(work))
