"""A family of its own for tests of what is generic, and a client without a network."""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from falcon import testing

from dataplane_core import impl
from dataplane_core.app import create_app
from dataplane_core.grammar import (
    Model,
    Prop,
    arg,
    case,
    dispatch,
    duration,
    flag,
    group,
    integer,
    many,
    one_of,
    option,
    params,
    rest,
    rule,
    seq,
    statement,
    statements,
    word,
)
from dataplane_core.resources.masks import Mask
from dataplane_core.resources.query_words import Orphans, Parent
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import Settings, UserSettings
from dataplane_core.text import Line

CONFIGURATION = "/v2/services/haproxy/configuration"
TRANSACTIONS = "/v2/services/haproxy/transactions"
OWN = "/dataplane/v1"

PROXY = (
    statement("mode", one_of("mode", "tcp", "http")),
    statement("maxconn", integer("maxconn", 1, 1000, live="set maxconn frontend {name} {value}")),
    statement("timeout connect", duration("connect_timeout", 0, nullable=True)),
    statement(
        "balance",
        group("balance", seq(one_of("algorithm", "first", "uri", required=True),
                             params(arg("len", integer("uri_len", 1)), flag("whole", "uri_whole")))),
    ),  # fmt: skip
    statements("errorfile", "errorfiles", seq(integer("code", 200, 599, required=True), word("file"))),
    option("keepalive", "keep-alive"),
    statement("description", rest("description", pattern=None)),
)
GATE = Model("gate", statement("description", rest("description")), statement("limit", integer("limit", 2)))
KEEPER = statement(
    "keeper",
    seq(
        word("name", required=True),
        word("address", required=True),
        params(
            arg("weight", integer("weight", 0, 9, nullable=True, live="set keeper {parent}/{name} {value}")),
            arg("state", one_of("state", "on", "off", live="turn {name} {value:on=1,off=0,=0}")),
            arg("tag", word("tag", names={"v2": "label", "v9": "tags.first"})),
            arg("old", word("old", names={"v9": "ancient"})),
            flag("secret", "secret", read_only=True),
        ),
    ),
)
DOOR = statement("door", seq(word("address", required=True), params(arg("name", word("name")))))
PASSAGE = statement(
    "pass", rule(dispatch("type", case("allow"), case("deny", params(arg("status", integer("status", 400, 599))))))
)


def door_name(line: Line) -> str:
    return line.tokens[1]


@impl
def dataplane_register(registry: Registry) -> None:
    for kind, title in (("frontend", "Frontend"), ("backend", "Backend")):
        registry.sections(f"{kind}s", kind=kind, model=Model(kind, *PROXY), title=title)
    defaults = Model("defaults", *PROXY)
    registry.single("defaults", kind="defaults", model=defaults, last=True, creates=False,
                    schema="defaults", title="Defaults")  # fmt: skip
    registry.sections("named_defaults", kind="defaults", model=defaults, unnamed="unnamed_defaults_",
                      schema="defaults", schemas="defaults_sections", title="DefaultsSection")  # fmt: skip
    registry.single("global", kind="global", model=Model("global", statement("maxconn", integer("maxconn"))),
                    schema="global", title="Global")  # fmt: skip
    registry.sections("gates", kind="my-gate", model=GATE)
    registry.rows("keepers", KEEPER, parents=("backend", Parent("my-gate", "my_gate")), parameter="backend",
                  rank=60)  # fmt: skip
    registry.rows("doors", DOOR, parents=("frontend",), parameter="frontend", typed=False,
                  unnamed=door_name, orphans=Orphans(list=400), rank=40)  # fmt: skip
    registry.rows("passages", PASSAGE, parents=("frontend", "defaults"), key=None, filters=("type",), rank=50)
    lacking = {"backend": frozenset({"guid", "balance.arguments"}), "keeper": frozenset({"old"})}
    registry.mask("v2", Mask(properties=lacking))


FAMILY = SimpleNamespace(__name__="family", dataplane_register=dataplane_register)
SERVICE = ("service.discovery", "service.specification", "service.info", "service.health",
           "service.transactions", "service.reloads", "configuration.raw",
           "configuration.version")  # fmt: skip

TEXT = """\
# by hand
global
  maxconn 100   # enough

defaults
  mode http

frontend fe1
  door 10.0.0.1:80 name d1  # the first
  door 10.0.0.2:80
  pass allow if A
  # about the next one
  pass deny status 403
  unknown words

backend be1
  keeper   k1 10.0.0.1   weight 5  # here
  keeper k2 10.0.0.2

my-gate g1
  limit 7

listen li
  door 10.0.0.9:80
  keeper lk 10.9.9.9
"""


class Api:
    """The application on one file, called without a network."""

    transaction_id = ""

    def __init__(
        self,
        folder: Path,
        text: str = TEXT,
        plugins: Iterable[object] = (),
        only: Iterable[object] | None = None,
        **settings: Any,
    ) -> None:
        self.file = folder / "haproxy.cfg"
        self.file.write_bytes(text.encode("utf-8", "surrogateescape"))
        given = {
            "haproxy.config_file": str(self.file),
            "haproxy.reload.validate_cmd": "true",
            "haproxy.reload.reload_cmd": "true",
            "haproxy.reload.restart_cmd": "true",
            "dataplane.state_dir": str(folder / "state"),
            "dataplaneapi.user": (UserSettings("admin", "pw", True),),
            **{name.replace("__", "."): value for name, value in settings.items()},
        }
        self.app = create_app(Settings.default().replace(**given), self.wanted(plugins or ()))
        self.client = testing.TestClient(self.app)

    def wanted(self, plugins: Iterable[object]) -> list[object] | None:
        """The plugins to load; None stands for all that are installed."""
        return [*SERVICE, FAMILY, *plugins]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        user: str | None = "admin:pw",
        **query: Any,
    ) -> testing.Result:
        """Ask below `CONFIGURATION`, or at a path that begins with a version's prefix."""
        sent = {}
        if user is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        if body is not None or raw is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        content = json.dumps(body) if raw is None and body is not None else raw
        where = path if path.startswith(("/v", OWN)) or path == "/" else f"{CONFIGURATION}/{path}"
        return self.client.simulate_request(
            method, where, headers=sent, body=content, params={k: str(v) for k, v in query.items()}
        )

    def get(self, path: str, **query: Any) -> Any:
        """The data that a GET answers."""
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json["data"]

    def change(self, method: str, path: str, body: Any = None, **query: Any) -> testing.Result:
        """A change to the newest version."""
        answer = self.call(method, path, body, version=self.version, **query)
        assert answer.status_code in (200, 201, 202, 204), answer.text
        return answer

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, int, str]:
        """Status, code and message of a failure; the file stays as it was."""
        before = self.file.read_bytes()
        answer = self.call(method, path, body, **{"version": self.version, **more})
        assert answer.status_code >= 400, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert self.file.read_bytes() == before
        return answer.status_code, answer.json["code"], answer.json["message"]

    @property
    def version(self) -> int:
        return self.app.services.config.version()

    @property
    def text(self) -> str:
        """The file without its version line."""
        lines = self.file.read_text("utf-8", "surrogateescape").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("# _version="))

    @contextmanager
    def transaction(self) -> Iterator[str]:
        begun = self.call("POST", TRANSACTIONS, version=self.version)
        assert begun.status_code == 201, begun.text
        yield begun.json["id"]
        done = self.call("PUT", f"{TRANSACTIONS}/{begun.json['id']}")
        assert done.status_code in (200, 202), done.text


__all__ = ["Api", "Prop", "many"]
