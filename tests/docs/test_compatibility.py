"""What docs/compatibility.md says, tried over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.fixtures import MakeServer
from tests.harness.server import CONFIGURATION, TRANSACTIONS, ApiServer, Client

TEXT = """\
# kept by hand
global
  maxconn 10   # few
  futuristic  yes

defaults
  timeout client   30s

defaults
  timeout server 1m

listen both
  bind 127.0.0.1:1
  server  only  127.0.0.1:2

backend zeta
  server s1 127.0.0.1:3  check  unheard-of  5
  .if true
  option redispatch
  .endif

backend alpha
"""
SERVERS, BACKENDS = f"{CONFIGURATION}/servers", f"{CONFIGURATION}/backends"

pytestmark = pytest.mark.server


@pytest.fixture
def server(make_server: MakeServer, tmp_path: Path) -> Iterator[ApiServer]:
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(TEXT, "utf-8")
    started = make_server(configuration, {"dataplane": {"body_limit": 100_000}})
    yield started
    started.stop()


@pytest.fixture
def client(server: ApiServer) -> Client:
    return server.client()


def text_of(server: ApiServer) -> str:
    return server.configuration.read_text("utf-8")


def test_the_configuration_file(server: ApiServer, client: Client) -> None:
    # Reading writes nothing, lists come in the order of the file.
    assert [one["name"] for one in client.call("GET", BACKENDS).data] == ["zeta", "alpha"]
    assert client.call("GET", f"{CONFIGURATION}/named_defaults").data[1]["name"] == (
        "unnamed_defaults_2"
    )
    assert text_of(server) == TEXT
    assert client.version() == 1
    # A change that changes nothing raises the version: the file gains that one line.
    current = client.call("GET", f"{SERVERS}/s1", backend="zeta").data
    query = {"backend": "zeta", "version": 1}
    assert client.call("PUT", f"{SERVERS}/s1", current, **query).status == 202
    assert text_of(server) == f"# _version=2\n{TEXT}"
    # A line is written again with the words that the server does not know.
    changed = client.call(
        "PUT", f"{SERVERS}/s1", {**current, "check": "disabled"}, backend="zeta", version=2
    )
    assert changed.status == 202, changed.body
    line = "server s1 127.0.0.1:3  check  unheard-of  5"
    expected = TEXT.replace(line, "server s1 127.0.0.1:3 no-check unheard-of 5")
    assert " ".join(text_of(server).split()) == " ".join(f"# _version=3\n{expected}".split())


def test_a_listen_section_is_a_parent(client: Client) -> None:
    query = {"parent_type": "listen", "parent_name": "both"}
    assert client.call("GET", SERVERS, **query).data[0]["name"] == "only"
    assert client.call("GET", f"{CONFIGURATION}/binds", **query).status == 200


def test_an_edit_by_hand_is_kept(server: ApiServer, client: Client) -> None:
    server.configuration.write_text(TEXT + "  mode http\n", "utf-8")
    made = client.call("POST", BACKENDS, {"name": "new"}, version=client.version())
    assert made.status == 202, made.body
    assert "backend alpha\n  mode http\n" in text_of(server)
    assert "backend new" in text_of(server)


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({"name": "x", "address": "1.2.3.4\n  daemon"}, None, "address"),
        ({"name": "x", "address": "1.2.3.4 # end"}, None, "address"),
        ({"name": "x", "address": "1.2.3.4 backup"}, None, "address"),
        ({"name": "x", "address": "1.2.3.4", "port": 70000, "check": "maybe"}, 606, "port"),
    ],
)
def test_bad_bodies(client: Client, body: dict[str, object], code: int | None, named: str) -> None:
    told = client.call("POST", SERVERS, body, backend="zeta", version=client.version())
    assert told.status == 422
    assert named in told.json["message"]
    assert code is None or told.json["code"] == code


def test_a_property_of_another_version_is_ignored_with_a_warning(client: Client) -> None:
    body = {"maxconn": 10, "performance_options": {"maxconn": 20}}
    told = client.call("PUT", f"{CONFIGURATION}/global", body, version=client.version())
    assert told.status == 202, told.body
    assert "performance_options" in told.headers["Warning"]


def test_what_says_nothing_is_ignored_with_a_warning(client: Client) -> None:
    body = {"index": 0, "type": "deny", "redir_code": 302, "nonsense": 1, "parent_name": "zeta"}
    query = {"parent_type": "backend", "parent_name": "zeta"}
    told = client.call(
        "POST", f"{CONFIGURATION}/http_request_rules", body, version=client.version(), **query
    )
    assert told.status == 202, told.body
    assert told.headers["Warning"] == (
        '299 dataplane "ignored properties: nonsense, parent_name, redir_code"'
    )
    shown = client.call("GET", f"{CONFIGURATION}/http_request_rules/0", **query)
    assert shown.json["data"] == {"index": 0, "type": "deny"}


def test_words_of_another_server_are_ignored_with_a_warning(client: Client) -> None:
    body = {"name": "copy", "address": "1.2.3.4", "x_unmanaged": ["newword", "x"]}
    told = client.call("POST", SERVERS, body, backend="zeta", version=client.version())
    assert told.status == 202, told.body
    assert told.headers["Warning"] == (
        '299 dataplane "ignored properties: x_unmanaged (newword x)"'
    )


def test_a_large_body_is_refused(client: Client) -> None:
    told = client.call("POST", f"{CONFIGURATION}/raw", text="# x\n" * 30_000, version=1)
    assert told.status == 413


def test_strangers_learn_nothing(server: ApiServer) -> None:
    answers = [
        Client(server.port, user, "wrong-password").call("GET", BACKENDS)
        for user in ("admin", "nobody")
    ]
    assert {(one.status, one.body) for one in answers} == {(401, answers[0].body)}
    assert b"wrong-password" not in answers[0].body
    assert "Configuration-Version" not in answers[0].headers


def test_a_base_that_moved(client: Client) -> None:
    def begin() -> str:
        return str(client.call("POST", TRANSACTIONS, version=client.version()).json["id"])

    first, second = begin(), begin()
    client.call("POST", BACKENDS, {"name": "a"}, transaction_id=first)
    client.call("POST", BACKENDS, {"name": "b"}, transaction_id=second)
    assert client.call("PUT", f"{TRANSACTIONS}/{first}").status == 202
    assert client.call("PUT", f"{TRANSACTIONS}/{second}").status == 406
    assert client.call("GET", f"{TRANSACTIONS}/{second}").json["status"] == "outdated"

    third = begin()
    assert client.call("POST", BACKENDS, {"name": "c"}, version=client.version()).status == 202
    assert client.call("PUT", f"{TRANSACTIONS}/{third}").status == 409
    assert client.call("POST", BACKENDS, {"name": "d"}, transaction_id=third).status in (400, 406)
    assert client.call("DELETE", f"{TRANSACTIONS}/{third}").status == 204
