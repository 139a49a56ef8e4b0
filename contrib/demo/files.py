"""Write the files of one demonstration: its settings, its configuration, its ports and password."""

import argparse
import fcntl
import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
LONGEST_SOCKET_PATH = 80  # a Unix socket's path has 107 bytes at most; HAProxy appends to it
USER = "admin"
MASTER_SOCKET = "master.sock"
LOCK, SESSION = ".lock", "session.json"
FOLDERS = ("transactions", "maps", "ssl_certs", "general", "spoe")
SETTINGS = """\
# Written at every start; change a copy of config/dataplane.yaml instead.
dataplaneapi:
  host: 127.0.0.1
  port: {port}
  user:
    - name: {user}
      password: {password}
      insecure: true
  transaction:
    transaction_dir: {transactions}
  resources:
    maps_dir: {maps}
    ssl_certs_dir: {ssl_certs}
    general_storage_dir: {general}
    spoe_dir: {spoe}
log_targets:
  - log_to: stdout
    log_level: info
    log_types: [app, access]
haproxy:
  config_file: {configuration}
"""
WITH_HAPROXY = """\
  haproxy_bin: {binary}
  master_runtime: {master}
  reload:
    reload_delay: 1
"""
FILES_ONLY = """\
  reload:
    reload_cmd: "true"
    restart_cmd: "true"
    validate_cmd: "true"
"""


class CannotStart(Exception):
    """The system cannot be started; the message says what would help."""


@dataclass
class Session:
    """The password, ports and folder of sockets of one system; kept in the file `SESSION`."""

    password: str
    port: int
    site_port: int
    server_ports: list[int]
    sockets: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chosen_port(wanted: int | None, usual: int) -> int:
    return usual if wanted is None else wanted or free_port()


def require_free(port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                f"port {port} cannot be used ({error.strerror}); choose another with {option}"
            ) from error


def port_number(text: str) -> int:
    """Read the port of an option; a port above it has room for the second web server."""
    if not (text.isascii() and text.isdigit() and int(text) < 65535):
        raise argparse.ArgumentTypeError(f"{text} is no port: a number from 0 to 65534")
    return int(text)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder, and hold it against a second system in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / LOCK).open("w")
    except OSError as error:
        raise CannotStart(
            f"{folder} cannot be used ({error.strerror}); choose another with --run-dir"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(f"a system is running in {folder} already; end it first") from None
        yield


def require_own(folder: Path) -> None:
    """Refuse a folder that holds files of another origin: `--fresh` deletes everything in it."""
    if any(held(folder)) and not (folder / SESSION).exists():
        raise CannotStart(
            f"{folder} holds what contrib/run did not make; choose another with --run-dir"
        )


def forget(folder: Path) -> None:
    """Empty the folder of an earlier session."""
    for entry in held(folder):
        is_folder = entry.is_dir() and not entry.is_symlink()
        shutil.rmtree(entry) if is_folder else entry.unlink()


def held(folder: Path) -> list[Path]:
    """Return what is in the folder beside the lock."""
    return [entry for entry in folder.iterdir() if entry.name != LOCK]


def socket_folder(folder: Path) -> Path:
    """Return the folder for sockets: `folder`, or a new one where its path is too long for them."""
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_PATH:
        return folder
    return Path(tempfile.mkdtemp(prefix="dataplane-"))


def recall(
    folder: Path, port: int | None = None, site: int | None = None, server: int | None = None
) -> Session:
    """Return the session that the folder holds, or a new one; of ports, 0 stands for a free one.

    A session that is there keeps all its ports but `port`, where that is given.
    """
    file = folder / SESSION
    if file.exists():
        session = Session(**json.loads(file.read_text("utf-8")))
        if port is not None:
            session.port = port or free_port()
        if not Path(session.sockets).is_dir():
            session.sockets = str(socket_folder(folder))
    else:
        first = chosen_port(server, 8081)
        session = Session(
            password=secrets.token_urlsafe(12),
            port=chosen_port(port, 5555),
            site_port=chosen_port(site, 8080),
            server_ports=[first, first + 1 if server != 0 else free_port()],
            sockets=str(socket_folder(folder)),
        )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(asdict(session), handle)
    return session


def sample_configuration(session: Session) -> str:
    """Return the sample configuration with this session's ports and sockets."""
    text = (TOP / "config" / "haproxy.cfg").read_text("utf-8")
    text = text.split("\n\n", 1)[1]  # its first comment speaks of the sample
    text = text.replace("/run/haproxy/", f"{session.sockets}/")
    ports = (session.site_port, *session.server_ports)
    for sample, port in zip(("8080", "8081", "8082"), ports, strict=True):
        text = text.replace(f"127.0.0.1:{sample}", f"127.0.0.1:{port}")
    return text


def write_settings(target: Path, folder: Path, session: Session, haproxy: str | None) -> None:
    """Write the API's settings for this session, which is done at every start."""
    quoted = {name: json.dumps(str(folder / name)) for name in FOLDERS}
    text = SETTINGS.format(
        port=session.port,
        user=USER,
        password=json.dumps(session.password),
        configuration=json.dumps(str(folder / "haproxy.cfg")),
        **quoted,
    )
    if haproxy:
        master = f"{session.sockets}/{MASTER_SOCKET}"
        text += WITH_HAPROXY.format(binary=json.dumps(haproxy), master=json.dumps(master))
    else:
        text += FILES_ONLY
    target.touch(mode=0o600)
    target.write_text(text, "utf-8")
