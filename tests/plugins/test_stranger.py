"""As a stranger: what HAProxy knows and the server does not, added from outside in a few lines.

Each case starts two servers in this process, one with the stranger's plugin and one without, and
talks HTTP with both; a real HAProxy judges every change. So that HAProxy knows what the server does not,
both servers lack a word or a section of their own declarations.
"""

import copy
import importlib
import inspect
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core.grammar import ParameterTable
from dataplane_core.grammar.declaration import Exchange, every_part
from dataplane_core.grammar.dispatch import Dispatch
from dataplane_core.plugin import (
    Model,
    Registry,
    arg,
    case,
    impl,
    integer,
    params,
    seq,
    statement,
    word,
)
from dataplane_core.testing import LocalServer
from dataplane_plugins import PLUGINS
from tests.harness.server import ApiServer
from tests.harness.waiting import until

pytestmark = pytest.mark.haproxy

Both = tuple[LocalServer, LocalServer]
TEXT = """\
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s

mailers post
  timeout mail 20s
  mailer one 127.0.0.1:25

backend be
  hash-balance-factor 150
  balance leastconn
  default-server weight 5
  http-request set-priority-class   int(1) if TRUE
  server-template t 1-2 127.0.0.1:90 weight 4
  server s 127.0.0.1:80   weight 3 # old
"""


class Lacking:
    """A plugin of the server, whose declarations lack some words of HAProxy's."""

    def __init__(self, name: str, *words: str) -> None:
        self.__name__ = f"{name} without {', '.join(words)}"
        self._module = importlib.import_module(PLUGINS[name])
        self._words = set(words)

    @impl
    def dataplane_register(self, registry: Registry) -> None:
        def rows(name: str, line: Any, **more: Any) -> Any:
            return registry.rows(name, self._cut(line), **more)

        def sections(name: str, *, model: Model, **more: Any) -> Any:
            return registry.sections(name, model=self._cut(model), **more)

        def single(name: str, *, model: Model, **more: Any) -> Any:
            return registry.single(name, model=self._cut(model), **more)

        self._module.dataplane_register(SimpleNamespace(rows=rows, sections=sections, single=single))

    def _cut(self, tree: Any) -> Any:
        pairs = []
        for table in every_part([tree], ParameterTable):
            kept = tuple(one for one in table.keywords if self._words.isdisjoint(one.words))
            pairs.append((table, copy.copy(table)))
            pairs[-1][1].keywords = kept  # type: ignore[attr-defined]
        for choice in every_part([tree], Dispatch):
            cases = [one for one in choice.cases if one.head.text not in self._words]
            if len(cases) < len(choice.cases):
                pairs.append((choice, Dispatch(choice.choice, *cases)))  # type: ignore[arg-type]
        tree = Exchange(pairs)(tree)
        if isinstance(tree, Model):
            kept_lines = [one for one in tree.statements if " ".join(one.forms[0].head) not in self._words]
            tree = Model(tree.name, *kept_lines, empty=tree.empty)
        return tree


def stranger(declare: Callable[[Registry], None]) -> SimpleNamespace:
    """A plugin that declares something; `declare` is what a person writes."""
    return SimpleNamespace(__name__="stranger", dataplane_register=impl(declare_hook(declare)))


def declare_hook(declare: Callable[[Registry], None]) -> Callable[[Registry], None]:
    def dataplane_register(registry: Registry) -> None:
        declare(registry)

    return dataplane_register


@pytest.fixture
def start(tmp_path: Path, real_haproxy: Path) -> Iterator[Callable[..., Both]]:
    """Start two servers that lack the same, the first with a stranger's plugin."""
    with ExitStack() as stack:

        def both(declare: Callable[[Registry], None], *lacking: tuple[str, ...]) -> Both:
            less = [Lacking(*one) for one in lacking if len(one) > 1]
            without = {one[0] for one in lacking}
            extended, plain = (
                stack.enter_context(
                    LocalServer(tmp_path / name, TEXT, [*more, *less], without=without, haproxy=real_haproxy)
                )
                for name, more in (("with", [stranger(declare)]), ("without", []))
            )
            return extended, plain

        yield both


def length(declare: Callable[[Registry], None]) -> int:
    """How many lines the stranger has written, without the function's own first line."""
    return len([line for line in inspect.getsource(declare).splitlines() if line.strip()]) - 1


def a_keyword(registry: Registry) -> None:
    registry.extend("servers", arg("weight", integer("weight")))


SERVERS = ("configuration.servers", "weight"), ("configuration.server_templates", "weight"), *(
    (f"configuration.{name}", "weight") for name in ("backends", "defaults", "listens", "peers")
)  # fmt: skip


def test_a_keyword_of_servers(start: Callable[..., Both]) -> None:
    assert length(a_keyword) == 1
    extended, plain = start(a_keyword, *SERVERS)
    assert extended.get("servers/s", backend="be")["weight"] == 3
    assert plain.get("servers/s", backend="be")["x_unmanaged"] == ["weight", "3"]
    assert extended.get("backends/be")["default_server"] == {"weight": 5}
    assert "weight" not in plain.get("backends/be").get("default_server", {})
    assert [one.get("weight") for one in extended.get("server_templates", backend="be")] == [4]
    new = {"name": "x", "address": "127.0.0.1", "port": 81, "weight": 7}
    for server, line in ((extended, "server x 127.0.0.1:81 weight 7"), (plain, "server x 127.0.0.1:81")):
        answer = server.change("POST", "servers", new, backend="be")
        assert ("weight" in answer.headers.get("warning", "")) is (server is plain)
        assert server.text == TEXT + f"  {line}\n"
    why = extended.refusal("POST", "servers", {**new, "name": "y", "weight": 300}, backend="be")
    assert "300" in why, "HAProxy takes 256 at most"
    assert why.startswith("server y") or "weight" in why


def an_action(registry: Registry) -> None:
    registry.extend("http_request_rules", case("set-priority-class", word("class_of", None)))


RULES = ("configuration.http_request_rules", "set-priority-class"),  # fmt: skip


def test_an_action(start: Callable[..., Both]) -> None:
    assert length(an_action) == 1
    extended, plain = start(an_action, *RULES)
    where = {"parent_type": "backend", "parent_name": "be"}
    rule = {"type": "set-priority-class", "class_of": "int(1)", "cond": "if", "cond_test": "TRUE"}
    assert extended.get("http_request_rules", **where) == [{"index": 0, **rule}]
    assert plain.get("http_request_rules", **where) == []
    new = {"index": 1, "type": "set-priority-class", "class_of": "int(2)"}
    extended.change("POST", "http_request_rules", new, **where)
    assert "  http-request set-priority-class   int(1) if TRUE\n  http-request set-priority-class int(2)\n" in extended.text
    assert "should be one of" in plain.refusal("POST", "http_request_rules", new, **where)
    why = extended.refusal("POST", "http_request_rules", {**new, "class_of": "nonsense(2)"}, **where)
    assert "nonsense" in why, "HAProxy knows no such fetch"
    assert plain.text == TEXT


POST = Model("mailers", statement("timeout mail", word("patience")))
MAILER = statement("mailer", seq(word("name", required=True), word("address", required=True), params()))


def a_section(registry: Registry) -> None:
    registry.sections("post_offices", kind="mailers", model=POST)
    registry.rows("postmen", MAILER, parents=("mailers",), parameter="post_office")


def test_a_section_with_rows(start: Callable[..., Both]) -> None:
    assert length(a_section) + 2 <= 20
    extended, plain = start(a_section, ("configuration.mailers",))
    assert extended.get("post_offices") == [{"name": "post", "patience": "20s"}]
    assert extended.get("postmen", post_office="post") == [{"name": "one", "address": "127.0.0.1:25"}]
    assert plain.call("GET", "post_offices").status == 404
    extended.change("POST", "post_offices", {"name": "other", "patience": "3s"})
    extended.change("POST", "postmen", {"name": "two", "address": "127.0.0.1:26"}, post_office="other")
    assert "mailers other\n  timeout mail 3s\n  mailer two 127.0.0.1:26\n" in extended.text
    why = extended.refusal("POST", "postmen", {"name": "three", "address": "nowhere"}, post_office="other")
    assert "nowhere" in why, "HAProxy wants a port"
    assert plain.text == TEXT


def lines_and_choices(registry: Registry) -> None:
    registry.extend("backends", statement("hash-balance-factor", integer("factor")))
    registry.extend("backends", case("leastconn"), behind="balance")


PROXIES = tuple((f"configuration.{name}", "hash-balance-factor", "leastconn") for name in ("backends", "defaults", "listens"))


def test_a_line_of_backends_and_a_choice_in_one(start: Callable[..., Both]) -> None:
    assert length(lines_and_choices) <= 3
    extended, plain = start(lines_and_choices, *PROXIES)
    whole = extended.get("backends/be")
    assert (whole["factor"], whole["balance"]) == (150, {"algorithm": "leastconn"})
    assert {"hash-balance-factor 150", "balance leastconn"} <= set(plain.get("backends/be")["x_unmanaged"])
    extended.change("PUT", "backends/be", {**whole, "factor": 200})
    assert extended.text == TEXT.replace("factor 150", "factor 200")
    extended.change("POST", "backends", {"name": "new", "factor": 300, "balance": {"algorithm": "leastconn"}})
    assert extended.text.endswith("backend new\n  balance leastconn\n  hash-balance-factor 300\n")
    answer = plain.change("POST", "backends", {"name": "new", "factor": 200})
    assert "factor" in answer.headers["warning"]
    assert plain.text.endswith("backend new\n")
    why = extended.refusal("POST", "backends", {"name": "x", "factor": 50})
    assert "hash-balance-factor" in why, "HAProxy takes 0, and more than 100"


def test_both_documents_of_each_server_say_what_it_has(start: Callable[..., Both]) -> None:
    def everything(registry: Registry) -> None:
        for declare in (a_keyword, an_action, a_section, lines_and_choices):
            declare(registry)

    lacking: dict[str, set[str]] = {"configuration.mailers": set()}
    for name, *words in (*SERVERS, *RULES, *PROXIES):
        lacking.setdefault(name, set()).update(words)
    extended, plain = start(everything, *((name, *words) for name, words in lacking.items()))
    for document, schemas in (("specification", "definitions"), ("specification_openapiv3", "components")):
        mine, theirs = (server.get(f"/v2/{document}") for server in (extended, plain))
        if schemas == "components":
            mine, theirs = ({schemas: one[schemas]["schemas"]} for one in (mine, theirs))
        for schema, prop in (("server", "weight"), ("server_template", "weight"), ("backend", "factor"),
                             ("http_request_rule", "class_of")):  # fmt: skip
            assert prop in mine[schemas][schema]["properties"]
            assert prop not in theirs[schemas][schema]["properties"]
        assert "leastconn" in mine[schemas]["balance"]["properties"]["algorithm"]["enum"]
        assert "leastconn" not in theirs[schemas]["balance"]["properties"]["algorithm"]["enum"]
        assert {"post_office", "post_offices", "postmen"} <= mine[schemas].keys() - theirs[schemas].keys()
        assert theirs[schemas].keys() <= mine[schemas].keys()


STRANGER = """\
from dataplane_core.plugin import arg, case, impl, rest, statement, word

PLUGIN_API = "1.0"


@impl
def dataplane_register(registry):
    registry.extend("servers", arg("colour", word("colour")))
    registry.extend("backends", statement("motto", rest("motto")))
    registry.extend("backends", case("fastest"), behind="balance")
    registry.extend("http_request_rules", case("greet", word("greeted")))
"""


def workers(master: int) -> set[str]:
    return set(Path(f"/proc/{master}/task/{master}/children").read_text("ascii").split())


@pytest.mark.server
def test_settings_that_are_read_again_change_nothing(tmp_path: Path) -> None:
    """The process that serves makes the application anew at each SIGHUP."""
    (tmp_path / "stranger.py").write_text(STRANGER)
    information = tmp_path / "stranger-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[dataplane.plugins]\nstranger = stranger\n")
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text("backend be\n  motto we serve\n  server s 127.0.0.1:80 colour red\n")
    with ApiServer(configuration, tmp_path / "run", {}, environ={"PYTHONPATH": str(tmp_path)}) as server:
        assert server.process is not None
        master = server.process.pid
        said = []
        for number in range(4):
            client = server.client()
            said.append([
                client.call("GET", path).body
                for path in ("/v2/specification", "/v2/specification_openapiv3",
                             "/v2/services/haproxy/configuration/backends/be",
                             "/v2/services/haproxy/configuration/servers?backend=be")
            ])  # fmt: skip
            assert b"colour" in said[-1][0]
            assert b"fastest" in said[-1][0]
            assert b"motto" in said[-1][2]
            if number < 3:
                before = workers(master)
                server.process.send_signal(signal.SIGHUP)
                until(lambda old=before: workers(master) and workers(master).isdisjoint(old))
        assert said == said[:1] * 4
