"""Write the settings file of `dataplane init`, in YAML."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import AlreadyExists, BadRequest
from dataplane_core.first_run.machine import Machine
from dataplane_core.settings.rules import is_loopback
from dataplane_core.store.candidate import Candidate
from dataplane_core.store.files import storage_errors

_HEAD = """\
# Settings of the server, written by `dataplane init`: `dataplane serve -f {file}`.
# `dataplane sample` prints a file with every common key, `dataplane settings` explains them all.
"""


@dataclass(frozen=True, slots=True)
class InitChoices:
    """What is decided beside what the machine gives.

    `state` is the folder for the server's own files. `hash` is the hashed password of `user`, which
    is "" where the userlist has users already.
    """

    host: str
    port: int
    state: str
    user: str = ""
    hash: str = ""


def settings_text(machine: Machine, choices: InitChoices, file: str) -> str:
    """Return the whole text of the settings file."""
    folder = os.path.dirname(machine.configuration)
    api: dict[str, Any] = {"host": choices.host, "port": choices.port}
    if choices.user:
        api["user"] = [{"name": choices.user, "password": choices.hash}]
    api["transaction"] = {"transaction_dir": os.path.join(choices.state, "transactions")}
    api["resources"] = {
        "maps_dir": os.path.join(folder, "maps"),
        "ssl_certs_dir": os.path.join(folder, "ssl"),
        "general_storage_dir": os.path.join(folder, "general"),
        "spoe_dir": os.path.join(folder, "spoe"),
        "spoe_transaction_dir": os.path.join(choices.state, "spoe-transactions"),
    }
    haproxy: dict[str, Any] = {"config_file": machine.configuration}
    if machine.program:
        haproxy["haproxy_bin"] = machine.program
    if machine.master_socket:
        haproxy["master_runtime"] = machine.master_socket
    if machine.reload:
        haproxy["reload"] = machine.reload
    own: dict[str, Any] = {"state_dir": os.path.join(choices.state, "state")}
    if machine.embedded:
        own["embedded"] = True
    if not is_loopback(choices.host):
        own["plain_network"] = True
    log = {"log_to": "stdout", "log_level": "info", "log_types": ["app", "access"]}
    tree = {"dataplaneapi": api, "haproxy": haproxy, "log_targets": [log], "dataplane": own}
    return _HEAD.format(file=file) + "".join(_lines(tree, ""))


def write_settings(file: str, text: str, force: bool) -> None:
    """Write the file, readable by its owner alone: it may hold the hash of a password.

    Raises `AlreadyExists` where the file is there and not `force`, `BadRequest` for a name without
    an ending of YAML, and `StorageFailed`.
    """
    path = Path(os.path.abspath(file))
    if path.suffix not in (".yaml", ".yml"):
        raise BadRequest(f"{file} is no name for settings in YAML: it must end in .yaml or .yml")
    with storage_errors(path.parent, "made"):
        path.parent.mkdir(parents=True, exist_ok=True)
    with Candidate(path, text.encode()) as candidate:
        candidate.sync()
        try:
            candidate.publish() if force else candidate.publish_new()
        except FileExistsError:
            raise already_there(file) from None
        candidate.sync_folder()


def already_there(file: str) -> AlreadyExists:
    """Return the refusal to overwrite a file."""
    return AlreadyExists(f"{file} exists: name another with -f, or overwrite it with --force")


def user_lines(name: str, stored: str) -> str:
    """Return the lines of one user for the block `dataplaneapi`, with a stored password."""
    return "".join(_lines({"user": [{"name": name, "password": stored}]}, "  "))


def token_lines(said: Mapping[str, Any]) -> str:
    """Return the lines of one token for the block `dataplane`."""
    told = {key: list(value) if isinstance(value, tuple) else value for key, value in said.items()}
    return "".join(_lines({"token": [told]}, "  "))


def _lines(tree: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Yield the lines of a block of YAML; values are written as JSON, which YAML reads alike."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:\n"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and isinstance(value[0], Mapping):
            yield f"{indent}{key}:\n"
            for item in value:
                first, *others = _lines(item, indent + "    ")
                yield f"{indent}  - {first.lstrip()}"
                yield from others
        else:
            yield f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}\n"
