"""A process that changes a stored file, and says when it is acknowledged: `upload_actor.py FOLDER ACTION`."""

import json
import sys
from pathlib import Path
from shutil import rmtree

sys.path.insert(0, str(Path(__file__).parents[2]))

from falcon.testing import Result

from dataplane_core.store.files import sync_directory
from tests.harness.asking import ask_localhost
from tests.storage.support import STORAGE, Storage, bundle, form

OLD, NEW = b"old.example.com be_old\n" * 40, b"new.example.com be_new\n" * 60
SPOE = "/v2/services/haproxy/spoe"
ENGINE = "[engine]\nspoe-agent agent\n    messages check\n    timeout hello 2s\n\nspoe-message check\n    args ip=src\n"


PLACES = {
    "map": ("maps", "hosts.map"),
    "certificate": ("ssl", "site.pem"),
    "general": ("general", "page.http"),
    "SPOE file": ("spoe", "engine.cfg"),
}
"""The folder and the name of each kind of file."""
_PATHS = {"map": "maps", "certificate": "ssl_certificates", "general": "general"}
HOW = ("first", "new", "replaced", "deleted")
"""All that is done to files; the first one makes its folder, a SPOE file is replaced by a change of a section."""


def open_storage(folder: Path) -> Storage:
    """The application on a folder, its predecessors' work finished."""
    ask_localhost()
    (folder / "spoe").mkdir(exist_ok=True)
    storage = Storage(folder, dataplaneapi__resources__spoe_dir=str(folder / "spoe"))
    storage.services.recover()
    return storage


def content(kind: str, which: str, folder: Path) -> bytes:
    """The old or the new content of a file; certificates are made once, beside `folder`."""
    if kind == "certificate":
        kept = folder.parent / f"{which}-of-{folder.name}.pem"
        if not kept.exists():
            kept.write_bytes(bundle(f"{which}.example.com"))
        return kept.read_bytes()
    if kind == "SPOE file":
        return ENGINE.encode()
    return OLD if which == "old" else NEW


def create(storage: Storage, kind: str, data: bytes) -> Result:
    """Upload a new file; gives the answer."""
    name = PLACES[kind][1]
    if kind == "SPOE file":
        body = form(name, data)
        return storage.send("POST", f"{SPOE}/spoe_files", body, "multipart/form-data; boundary=BB")
    return storage.upload(_PATHS[kind], name, data)


def replace(storage: Storage, kind: str, data: bytes) -> Result:
    """Give a file another content; gives the answer."""
    name = PLACES[kind][1]
    if kind == "SPOE file":
        where = {"spoe": name, "scope": "[engine]"}
        version = storage.send("GET", f"{SPOE}/version", spoe=name).json
        body = json.dumps({"name": "more", "args": "ip=src"}).encode()
        path = f"{SPOE}/spoe_messages"
        return storage.send("POST", path, body, "application/json", version=version, **where)
    return storage.send("PUT", f"{_PATHS[kind]}/{name}", data, skip_reload="true")


def delete(storage: Storage, kind: str) -> Result:
    """Delete a file; gives the answer."""
    name = PLACES[kind][1]
    path = f"{SPOE}/spoe_files/{name}" if kind == "SPOE file" else f"{STORAGE}/{_PATHS[kind]}/{name}"
    return storage.send("DELETE", path, skip_reload="true")


def act(storage: Storage, action: str) -> Result:
    """Do one thing; gives the answer."""
    how, _, kind = action.partition(" ")
    if how == "first":
        rmtree(storage.folder / PLACES[kind][0])
        sync_directory(storage.folder)
        return create(storage, kind, content(kind, "new", storage.folder))
    if how == "new":
        return create(storage, kind, content(kind, "new", storage.folder))
    if how == "old":
        return create(storage, kind, content(kind, "old", storage.folder))
    return replace(storage, kind, content(kind, "new", storage.folder)) if how == "replaced" else delete(storage, kind)


def main() -> None:
    folder, action = Path(sys.argv[1]), sys.argv[2]
    storage = open_storage(folder)
    print(json.dumps({"begun": action}), flush=True)
    print(json.dumps({"version": act(storage, action).status_code}), flush=True)


if __name__ == "__main__":
    main()
