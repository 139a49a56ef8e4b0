"""Extensions from outside: lines, keywords and actions added to the server's own collections."""

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core import impl
from dataplane_core.grammar import arg, case, flag, group, integer, rest, statement, word
from dataplane_core.hooks.manager import PluginError
from dataplane_core.resources.registry import Registry
from dataplane_core.wiring import make_manager, register_collections
from dataplane_plugins import PLUGINS
from dataplane_plugins.configuration.proxies.backends import BACKEND
from dataplane_plugins.configuration.rules.http_request_rules import RULE
from dataplane_plugins.configuration.servers.servers import SERVER
from tests.api.support import Api

TEXT = """\
defaults
  motto   for all

backend be
  motto we   serve   # since March
  http-request greet   you if A
  http-request deny deny_status 403   smell bad
  tcp-request content wave  him
  server s 127.0.0.1:80   colour   red weight 3
  server-template t 1-3 127.0.0.1:80 colour red
"""
LISTS = {
    "servers": {"backend": "be"},
    "server_templates": {"backend": "be"},
    "http_request_rules": {"parent_type": "backend", "parent_name": "be"},
    "tcp_request_rules": {"parent_type": "backend", "parent_name": "be"},
}


def declare(registry: Registry) -> None:
    registry.extend("servers", arg("colour", word("colour", help="Colour of the cable.")))
    registry.extend("backends", statement("motto", rest("motto", help="What it is for.")))
    registry.extend("http_request_rules", case("greet", word("greeted", help="Who is greeted.")))
    registry.extend("defaults", statement("motto", rest("motto", help="What all are for.")))
    registry.extend("http_request_rules", arg("smell", word("smell", help="Of 403.")), behind="deny")
    registry.extend("tcp_request_rules", case("wave", word("waved_to", help="Who.")), behind="content")


def plugin(name: str, declared: Any = declare) -> SimpleNamespace:
    def dataplane_register(registry: Registry) -> None:
        declared(registry)

    return SimpleNamespace(__name__=name, dataplane_register=impl(dataplane_register))


class Installed(Api):
    """The whole server, and the plugins of others in front of its own."""

    def wanted(self, plugins: Any) -> list[object]:
        return [*plugins, *PLUGINS]


def schemas(api: Api) -> tuple[dict[str, Any], dict[str, Any]]:
    """The properties that both documents describe, by the name of the schema."""
    old = api.call("GET", "/v2/specification").json["definitions"]
    new = api.call("GET", "/v2/specification_openapiv3").json["components"]["schemas"]
    return tuple({k: one.get("properties", {}) for k, one in every.items()} for every in (old, new))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Api, Api]:
    """Two applications in one process, one with the extensions and one without.

    The first was started before, and is started again after, the other.
    """
    folders = map(Path, (tmp_path_factory.mktemp(name) for name in ("former", "with", "without", "again")))
    first, extended, plain, _ = (
        Installed(folder, TEXT, plugins)
        for folder, plugins in zip(folders, ([plugin("painter")], [plugin("painter")], [], [plugin("painter")]), strict=True)
    )  # fmt: skip
    assert first.call("GET", "/v2/specification").content == extended.call("GET", "/v2/specification").content
    return extended, plain


def test_what_is_added_is_read(both: tuple[Api, Api]) -> None:
    extended, _ = both
    assert extended.get("backends/be") == {"name": "be", "motto": "we serve"}
    assert extended.get("defaults") == {"motto": "for all"}
    (named,) = extended.get("named_defaults")
    assert named["motto"] == "for all"
    found = {name: extended.get(name, **query) for name, query in LISTS.items()}
    assert found["servers"][0]["colour"] == "red"
    assert [one["type"] for one in found["http_request_rules"]] == ["greet", "deny"]
    assert found["http_request_rules"][0]["greeted"] == "you"
    assert found["http_request_rules"][1]["smell"] == "bad"
    assert (found["tcp_request_rules"][0]["action"], found["tcp_request_rules"][0]["waved_to"]) == ("wave", "him")
    assert not any("x_unmanaged" in one for name in LISTS for one in found[name])


def test_all_lines_with_the_same_table_of_keywords_have_what_is_added(both: tuple[Api, Api]) -> None:
    extended, plain = both
    (template,) = extended.get("server_templates", backend="be")
    assert (template["colour"], "x_unmanaged" in template) == ("red", False)
    body = {"name": "x", "default_server": {"colour": "red"}}
    extended.change("POST", "backends", body)
    assert "  default-server colour red\n" in extended.text
    assert extended.get("backends/x") == body
    extended.change("DELETE", "backends/x")
    assert plain.get("server_templates", backend="be")[0]["x_unmanaged"] == ["colour", "red"]
    assert "colour" in plain.call("POST", "backends", body, version=plain.version).headers["warning"]
    plain.change("DELETE", "backends/x")


def test_an_application_without_the_plugin_sees_nothing_of_it(both: tuple[Api, Api]) -> None:
    _, plain = both
    assert "motto" not in plain.get("backends/be")
    assert len(plain.get("backends/be")["x_unmanaged"]) == 4
    assert plain.get("servers/s", backend="be")["x_unmanaged"] == ["colour", "red"]
    assert plain.get("http_request_rules", **LISTS["http_request_rules"]) == []
    body = {"name": "x", "address": "127.0.0.1", "colour": "red"}
    answer = plain.call("POST", "servers", body, backend="be", version=plain.version)
    assert "colour" in answer.headers["warning"]
    assert "server x 127.0.0.1\n" in plain.text
    assert not {"colour", "motto", "greeted"} & (SERVER.names | BACKEND.names | RULE.names)


def test_a_line_that_is_commented_out_is_known_to_the_application_that_reads_it(tmp_path: Path) -> None:
    """Each application has its own words for it: prose about a server goes with the server."""
    text = "backend be\n  # motto honest work\n  server s 127.0.0.1:80\n"
    left = []
    for name, plugins in (("with", [plugin("painter")]), ("without", []), ("again", [plugin("painter")])):
        (tmp_path / name).mkdir()
        one = Installed(tmp_path / name, text, plugins)
        one.change("DELETE", "servers/s", backend="be")
        left.append(one.text)
    assert left == ["backend be\n  # motto honest work\n", "backend be\n", "backend be\n  # motto honest work\n"]


def test_both_documents_describe_it(both: tuple[Api, Api]) -> None:
    extended, plain = both
    for mine, theirs in zip(schemas(extended), schemas(plain), strict=True):
        assert mine["server"]["colour"]["description"] == "Colour of the cable."
        for schema, name in (("server", "colour"), ("backend", "motto"), ("http_request_rule", "greeted")):
            assert name in mine[schema]
            assert name not in theirs[schema]
        assert "greet" in mine["http_request_rule"]["type"]["enum"]
        assert "greet" not in theirs["http_request_rule"]["type"]["enum"]
        assert "colour" in mine["server_template"]
        assert "colour" not in theirs["server_template"]


def test_it_is_put_back_to_the_byte(both: tuple[Api, Api]) -> None:
    extended, _ = both
    before = extended.text
    extended.change("PUT", "backends/be", extended.get("backends/be"))
    for name, query in LISTS.items():
        key = {"servers": "name", "server_templates": "prefix"}.get(name, "index")
        for one in extended.get(name, **query):
            extended.change("PUT", f"{name}/{one[key]}", one, **query)
    assert extended.text == before


def test_it_is_written_and_validated(tmp_path: Path) -> None:
    extended = Installed(tmp_path, TEXT, [plugin("painter")])
    extended.change("POST", "servers", {"name": "x", "address": "127.0.0.2", "colour": "blue"}, backend="be")
    server = extended.get("servers/s", backend="be")
    extended.change("PUT", "servers/s", {**server, "colour": "green"}, backend="be")
    extended.change("POST", "http_request_rules", {"type": "greet", "greeted": "all", "index": 0}, **LISTS["http_request_rules"])
    extended.change("PUT", "backends/be", {"name": "be", "motto": "less is more"})
    extended.change("POST", "backends", {"name": "new", "motto": "and new"})
    for line in ("server x 127.0.0.2 colour blue", "server s 127.0.0.1:80 colour green weight 3", "http-request greet all",
                 "motto less is more   # since March", "motto and new"):  # fmt: skip
        assert f"  {line}\n" in extended.text
    where = LISTS["http_request_rules"]
    assert extended.refused("POST", "http_request_rules", {"type": "greet", "index": 0}, **where)[0] == 422
    body = {"name": "y", "address": "127.0.0.2", "colour": 3}
    assert extended.refused("POST", "servers", body, backend="be")[0] in (400, 422)
    extended.change("PUT", "backends/be", {"name": "be"})
    assert "less is more" not in extended.text


def props(*plugins: object) -> dict[str, Any]:
    registry = register_collections(make_manager(plugins))
    return {name: one.props for name, one in registry.collections.items()}


def test_the_order_of_plugins_does_not_matter() -> None:
    names = ("configuration.servers", "configuration.backends", "configuration.defaults",
             "configuration.http_request_rules", "configuration.tcp_request_rules")  # fmt: skip
    assert props(plugin("painter"), *names) == props(*names, plugin("painter"))


def test_two_plugins_extend_the_same_collection() -> None:
    one = plugin("one", lambda registry: registry.extend("servers", flag("shiny", "shiny")))
    two = plugin("two", lambda registry: registry.extend("servers", arg("size", group("box", integer("size")))))
    for order in itertools.permutations((one, two, "configuration.servers")):
        assert {"shiny", "box.size"} <= {prop.name for prop in props(*order)["servers"]}


def test_a_command_for_the_running_process_stays_with_the_keyword() -> None:
    live = "set server {parent}/{name} colour {value}"
    one = plugin("one", lambda registry: registry.extend("servers", arg("colour", word("colour", live=live))))
    found = {prop.name: prop.live for prop in props(one, "configuration.servers")["servers"]}
    assert found["colour"] == live
    assert found["weight"] == "set server {parent}/{name} weight {value:0-256}"


KEYWORD, LINE, ACTION = arg("a", word("a")), statement("a", word("a")), case("a")


@pytest.mark.parametrize(
    ("name", "part", "behind", "why"),
    [
        ("servants", KEYWORD, "", "extends servants, which no plugin declares"),
        ("servers", word("a"), "", "by what is no line, keyword or action: Scalar"),
        ("servers", LINE, "", "they take keywords and actions"),
        ("servers", ACTION, "", "which has no choice of actions"),
        ("backends", KEYWORD, "", "they take statements, and all else behind a line"),
        ("http_request_rules", KEYWORD, "", "which has no table of keywords"),
        ("http_request_rules", KEYWORD, "denny", "behind denny, which has no action denny"),
        ("http_request_rules", KEYWORD, "allow", "behind allow, which has no table of keywords"),
    ],
)
def test_what_cannot_be_added_stops_the_start(name: str, part: Any, behind: str, why: str) -> None:
    wrong = plugin("stranger", lambda registry: registry.extend(name, part, behind=behind))
    with pytest.raises(PluginError, match=f"stranger extends {name}") as caught:
        props(wrong, "configuration.servers", "configuration.backends", "configuration.http_request_rules")
    assert why in str(caught.value)
