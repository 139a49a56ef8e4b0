"""What a start loads and makes before its first answer: counted, for times differ from day to day."""

import re
from pathlib import Path

import pytest
from falcon import testing

from dataplane_core.api import application
from dataplane_core.app import create_app
from dataplane_core.codec.codec import Codec
from dataplane_core.settings import Settings, UserSettings
from tests.bench import files
from tests.harness.server import CONFIGURATION, PASSWORD, TRANSACTIONS, USER, ApiServer

NOT_LOADED = {
    "_ast", "_bz2", "_hashlib", "_lzma", "_pickle", "_ssl", "asyncio.events", "email.charset", "email.parser", "encodings.idna", "html.entities", "pyexpat",
    "socketserver", "urllib.error",
}  # fmt: skip
"""Modules of Python's library that those need which are postponed."""
NOT_YET = {
    "anyio", "apispec", "bcrypt", "click", "consul", "cryptography", "etcd3gw", "hcl2", "importlib_metadata", "lark",
    "decimal", "fractions", "marshmallow", "passlib", "prometheus_client", "pythonjsonlogger", "regex", "requests", "ruamel",
}  # fmt: skip
"""Libraries that the first answer of a server with settings in YAML does not need."""
MOST_MODULES = 770
"""Modules of all kinds that a process has when it has answered, with those that are postponed; 817
before this was counted."""


def telling_imports(file: Path, folder: Path) -> ApiServer:
    """A server that logs what it imports."""
    settings = {"dataplane": {"workers": 1}, "dataplaneapi": {"disable_inotify": True}}
    server = ApiServer(file, folder, settings)
    server.command[:0] = [str(Path(server.command[0]).with_name("python")), "-X", "importtime"]
    return server


def imported(server: ApiServer) -> set[str]:
    return set(re.findall(r"^import time:.*\| +(\S+)$", server.log.read_text(), re.MULTILINE))


@pytest.mark.server
def test_the_first_answer_needs_few_modules(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(files.configuration(files.SMALL, 8080))
    with telling_imports(file, tmp_path / "run") as server:
        loaded = imported(server)
    assert "dataplane_core.api.application" in loaded
    assert not {name.partition(".")[0] for name in loaded} & NOT_YET
    assert not loaded & NOT_LOADED
    assert len(loaded) <= MOST_MODULES


@pytest.mark.server
def test_a_server_without_a_fleet_loads_nothing_of_it_whatever_it_does(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(files.configuration(files.SMALL, 8080))
    with telling_imports(file, tmp_path / "run") as server:
        client = server.client()
        body = {"name": "new", "address": "192.0.2.1", "port": 80}
        assert client.call("POST", f"{CONFIGURATION}/servers", body, backend="be0", version=1).status == 202
        for path in ("fleet", "status", "metrics", "history"):
            assert client.call("GET", f"/dataplane/v1/{path}").status in (200, 404), path
        loaded = imported(server)
    fleet = {name for name in loaded if name.startswith("dataplane_plugins.fleet")}
    assert fleet <= {"dataplane_plugins.fleet", "dataplane_plugins.fleet.membership"}  # loading plugins is not logged
    assert not {name.partition(".")[0] for name in loaded} & {"consul", "cryptography", "etcd3gw", "requests", "urllib3"}


@pytest.mark.server
def test_a_first_edit_loads_nothing_that_only_a_wrong_one_needs(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(files.configuration(files.SMALL, 8080))
    with telling_imports(file, tmp_path / "run") as server:
        client = server.client()
        query = {"backend": "be0", "transaction_id": client.call("POST", TRANSACTIONS, version=1).json["id"]}
        body = {"name": "new", "address": "192.0.2.1", "port": 80}
        assert client.call("POST", f"{CONFIGURATION}/servers", body, **query).status == 202
        assert "marshmallow" not in imported(server)
        assert client.call("POST", f"{CONFIGURATION}/servers", {**body, "port": 0, "name": "a b"}, **query).status == 422
        assert "marshmallow" in imported(server)


def test_the_first_answer_makes_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(files.configuration(files.SMALL, 8080))
    made: list[str] = []
    for kind in (Codec, application.RoutedPath):

        def counted(self: object, *given: object, kind: type = kind, init: object = kind.__init__, **named: object) -> None:
            made.append(kind.__name__)
            init(self, *given, **named)  # type: ignore[operator]

        monkeypatch.setattr(kind, "__init__", counted)
    given = {
        "haproxy.config_file": str(file),
        "dataplane.state_dir": str(tmp_path / "state"),
        "dataplaneapi.user": (UserSettings(USER, PASSWORD, True),),
    }
    app = create_app(Settings.default().replace(**given))
    assert not made
    headers = {"Authorization": "Basic YWRtaW46YWRtaW5wd2Q="}
    answer = testing.TestClient(app).simulate_get(f"{CONFIGURATION}/version", headers=headers)
    assert answer.status_code == 200
    assert made == ["RoutedPath"]
    assert not any(one._documents for one in app.served)
