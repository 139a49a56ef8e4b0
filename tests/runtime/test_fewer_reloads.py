"""Changes of the configuration that the running HAProxy takes: the same worker, the same file."""

import socket

import pytest

from dataplane_core.haproxy.live import runtime_commands
from dataplane_core.resources.changes import NeedsReload, differences
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from tests.harness.sites import sites

PLUGINS = ["configuration.servers", "configuration.backends", "configuration.frontends"]
REGISTRY = register_collections(make_manager(PLUGINS))
TEXT = """\
defaults d1
  default-server check inter 2s
defaults d2 from d1
  default-server weight 9
backend be from d2
  balance roundrobin
  server s1 192.0.2.1:80
  default-server maxconn 7
  server s2 192.0.2.2:80
ring r
  server s1 192.0.2.1:80
"""


def commands(*pairs, text=TEXT):
    changed = text
    for old, new in pairs:
        assert old in changed
        changed = changed.replace(old, new, 1)
    before = Document.parse(text, REGISTRY.language)
    after = Document.parse(changed, REGISTRY.language, before)
    return runtime_commands(differences(REGISTRY, before, after))


def line(words):
    return ("  server s2 192.0.2.2:80\n", f"  server s2 192.0.2.2:80\n  server {words}\n")


def test_a_server_gets_what_stands_in_front_of_it():
    assert commands(line("s3 192.0.2.3:81 weight 5 agent-check agent-port 9")) == [
        "add server be/s3 192.0.2.3:81 check inter 2s weight 9 maxconn 7 weight 5 agent-check"
        " agent-port 9",
        "enable health be/s3",
        "enable agent be/s3",
        "set server be/s3 state ready",
    ]


def test_a_server_without_checks_in_maintenance():
    assert commands(line("s3 192.0.2.3 no-check disabled")) == [
        "add server be/s3 192.0.2.3 check inter 2s weight 9 maxconn 7 no-check disabled"
    ]


def test_quotes_of_the_file_are_not_those_of_the_command():
    found = commands(line(r'''s3 192.0.2.3 no-check agent-send "a;b c" cookie 'x' '''))
    assert r"agent-send a\;b\ c cookie x" in found[0]


def test_new_servers_are_there_before_old_ones_go():
    found = commands(("server s1", "server n1"))
    assert [one.split()[:3] for one in found] == [
        ["add", "server", "be/n1"],
        ["enable", "health", "be/n1"],
        ["set", "server", "be/n1"],
        ["set", "server", "be/s1"],
        ["del", "server", "be/s1"],
    ]


def test_with_a_change_of_another_server():
    found = commands(("  server s1 192.0.2.1:80\n", ""), ("s2 192.0.2.2:80", "s2 192.0.2.2:80 weight 3"))
    assert found == [
        "set server be/s2 weight 3", "set server be/s1 state maint", "del server be/s1"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        "s3 web.example.local:80",
        "s3 ipv4@web.example.local:80",
        's3 "${ADDRESS}:80"',
        "s3 192.0.2.3:80\n  option redispatch",
        "s3 192.0.2.3:80\n  .if 1\n  .endif",
    ],
)
def test_what_only_a_reload_can_do(words):
    with pytest.raises(NeedsReload):
        commands(line(words))


@pytest.mark.parametrize(
    "pairs",
    [
        [("ring r\n", "ring r\n  server s3 192.0.2.3:80\n")],
        [("  server s1 192.0.2.1:80\n", ""), line("s1 192.0.2.1:80")],
        [("weight 9", "weight 8")],
    ],
)
def test_what_is_no_coming_and_going(pairs):
    with pytest.raises(NeedsReload):
        commands(*pairs)


WORDS = [
    ("agent-send hi", r"agent-send 'a b';c", r"agent-send a\ b\;c"),
    ("agent-send hi", r"agent-send a\ \#\\b\c\x41", r"agent-send a\ #\\b\\cA"),
    ("agent-send hi", "agent-send $A", "agent-send $A"),
    ("agent-send hi", r'agent-send "\$A"', "agent-send $A"),
    ("192.0.2.1:80", '"192.0.2.9":80', "addr 192.0.2.9 port 80"),
    ("192.0.2.1:80", "[2001:db8::1]:80", "addr 2001:db8::1 port 80"),
    ("weight 5", "weight +007", "weight 7"),
    ("weight 5", "weight 0", "weight 0"),
    ("port 6", "port 7", "check-port 7"),
    ("weight 5", 'weight "6"', "weight 6"),
    ('"weight" 7 weight 5', '"weight" 7 weight 6', "weight 6"),
]


def one_server(words):
    """A configuration with a server that is checked, and has an agent if words are about one."""
    before = "192.0.2.1:80 check " + ("agent-check " if words.startswith("agent-") else "")
    return f"backend be\n  server s1 {words if ':80' in words else before + words}\n"


@pytest.mark.parametrize(("old", "new", "told"), WORDS)
def test_a_word_is_sent_as_haproxy_reads_it(old, new, told):
    assert commands((old, new), text=one_server(old)) == [f"set server be/s1 {told}"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("agent-send hi", r"agent-send a\n"),
        ("agent-send hi", r"agent-send a\x7f"),
        ("agent-send hi", 'agent-send ""'),
        ("agent-send hi", 'agent-send "$A"'),
        ("agent-addr 192.0.2.5", "agent-addr agent.local"),
        ("agent-port 6", "agent-port 0"),
        ("192.0.2.1:80", '"${A}":80'),
        ("192.0.2.1:80", "web.local:80"),
        ("192.0.2.1:80", "192.0.2.1:+80"),
        ("192.0.2.1:80", "*:80"),
        ("web.local:80", "192.0.2.1:80"),
        ("weight 5", "weight 257"),
        ('weight 5 "${A[*]}"', 'weight 6 "${A[*]}"'),
        ('weight 5 cookie "${A[*]}"', 'weight 6 cookie "${A[*]}"'),
        ("weight 5 agent-check", "weight 6 agent-check"),
        ("addr 192.0.2.5", 'addr "$A"'),
        ("addr 192.0.2.5", "addr 192.0.2.5:7"),
        ("addr 192.0.2.5 agent-check", "addr 192.0.2.6 agent-check"),
        ("port 6 agent-check", "port 7 agent-check"),
        ("port 6", "port 0"),
        ("ssl", "ssl port 6"),
        ("send-proxy-v2", "send-proxy-v2 addr 192.0.2.5"),
    ],
)
def test_a_word_that_a_command_takes_otherwise_is_reloaded(old, new):
    with pytest.raises(NeedsReload):
        commands((old, new), text=one_server(old))


@pytest.mark.parametrize(
    ("words", "why"),
    [("addr", "checked"), ("port", "checked"), ("agent-addr", "have one"), ("agent-port", "have one")],
)
def test_where_a_server_is_checked_is_told_only_of_one_that_is_checked(words, why):
    old, new = ("192.0.2.5", "192.0.2.6") if "addr" in words else ("5", "6")
    text = f"backend be\n  server s1 192.0.2.1:80 {words} {old}\n"
    with pytest.raises(NeedsReload, match=why):
        commands((f"{words} {old}", f"{words} {new}"), text=text)


def test_checks_that_had_an_address_get_another_one():
    text = "backend be\n  server s1 192.0.2.1:80 ssl check port 5\n"
    assert commands(("port 5", "port 6"), text=text) == ["set server be/s1 check-port 6"]


@pytest.mark.parametrize("words", ['"weight" 7', r"192.0.2.9 agent-send a\n"])
def test_a_new_server_with_words_that_only_a_reload_brings(words):
    with pytest.raises(NeedsReload):
        commands(line(f"s3 {words}"))


FRONTEND = "frontend fe\n  maxconn 5\nbackend be\n  server s1 192.0.2.1:80 weight 5\n"


def test_the_limit_of_a_frontend():
    for six in ("+6", '"6"'):
        told = commands(("maxconn 5", f"maxconn {six}"), text=FRONTEND)
        assert told == ["set maxconn frontend fe 6"]


@pytest.mark.parametrize(
    "pairs",
    [
        [("maxconn 5", "maxconn 0")],
        [("maxconn 5", "maxconn -1")],
        [("maxconn 5", "maxconn 2147483648")],
        [("  maxconn 5\n", "")],
    ],
)
def test_a_limit_that_is_not_one(pairs):
    with pytest.raises(NeedsReload):
        commands(*pairs, text=FRONTEND)


def test_a_limit_that_those_of_servers_follow():
    text = FRONTEND.replace("weight 5", "minconn 5 maxconn 9")
    with pytest.raises(NeedsReload, match="minconn"):
        commands(("maxconn 5", "maxconn 6"), text=text)


@pytest.mark.parametrize("pair", [("maxconn 5", "maxconn 6"), ("weight 5", "weight 6")])
@pytest.mark.parametrize("place", ["frontend fe\n", "  maxconn 5\n", "backend be\n", ""])
def test_nobody_knows_which_lines_of_conditional_blocks_count(pair, place):
    text = FRONTEND.replace(place, place + ".if 0\n", 1) + ".endif\n"
    with pytest.raises(NeedsReload):
        commands(pair, text=text)


@pytest.mark.parametrize("kind", ["ring", "peers"])
def test_servers_elsewhere_are_not_those_of_the_backend_of_the_same_name(kind):
    text = f"{kind} be\n  server s1 192.0.2.1:80 weight 5\n{FRONTEND}"
    with pytest.raises(NeedsReload):
        commands(("weight 5", "weight 6"), text=text)


@pytest.mark.haproxy
def test_an_agent_is_sent_what_the_file_says(own_haproxy):
    api, pid = own_haproxy, own_haproxy.pid
    with socket.create_server(("127.0.0.1", 0)) as agent:
        agent.settimeout(5)
        body = {"name": "s1", "address": "127.0.0.1", "port": 9, "weight": 10,
                "agent-check": "enabled", "agent-inter": 50, "agent-send": "first",
                "agent-port": agent.getsockname()[1]}  # fmt: skip
        assert api.change("POST", "servers", {**body, "name": "n1"}, backend="be").status_code == 201
        assert heard(agent, b"first")
        for word, seen in ((r"a\ b\;c", rb"a b\;c"), ("'<< \"'", b'<< "'), (r"\\x\x41", rb"\xA")):
            answer = api.change("PUT", "servers/n1", {**body, "name": "n1", "agent-send": word}, backend="be")
            assert (answer.status_code, answer.headers.get("reload-id")) == (200, None), word
            assert heard(agent, seen), word
        body = {**body, "name": "n1", "agent-send": r"bye\n"}
        assert api.change("PUT", "servers/n1", body, backend="be").status_code == 202
    assert api.pid == pid


def heard(agent, text):
    for _ in range(20):
        connection, _ = agent.accept()
        with connection:
            connection.settimeout(2)
            if connection.recv(100) == text:
                return True
    return False


@pytest.mark.haproxy
def test_a_server_comes_serves_and_goes(each_haproxy):
    api, pid = each_haproxy, each_haproxy.pid
    with sites("fresh") as [site]:
        body = {"name": "new", "address": "127.0.0.1", "port": site.port, "check": "enabled"}
        answer = api.change("POST", "servers", body, backend="be")
        assert (answer.status_code, answer.headers.get("reload-id")) == (201, None)
        for name in ("s1", "s2", "s3"):
            answer = api.change("DELETE", f"servers/{name}", backend="be")
            assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
        [state] = api.get("runtime/servers", backend="be")
        assert (state["name"], state["admin_state"], state["operational_state"]) == ("new", "ready", "up")
        assert b"fresh" in fetch(api.folder / "fe.sock")
        answer = api.change("DELETE", "servers/new", backend="be")
        assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
    assert api.pid == pid
    assert "server" not in (api.folder / "haproxy.cfg").read_text().split("backend be")[1].split("backend")[0]


def fetch(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        connection.settimeout(5)
        return b"".join(iter(lambda: connection.recv(65536), b""))


TOLD = [
    ({"weight": 77}, "get weight be/s1", "77 (initial 10)"),
    ({"weight": 77, "address": "127.0.0.2"}, "show servers state be", " s1 127.0.0.2 "),
    ({"weight": 77, "address": "127.0.0.2", "port": 99}, "show servers state be", " - 99 "),
    ({"weight": 77, "address": "127.0.0.2", "port": 99, "maintenance": "enabled"},
     "show servers state be", " s1 127.0.0.2 0 1 "),
    ({"weight": 77, "address": "127.0.0.2", "port": 99}, "show servers state be", " s1 127.0.0.2 2 0 "),
]  # fmt: skip


@pytest.mark.haproxy
def test_what_a_server_that_runs_takes(own_haproxy):
    api, pid = own_haproxy, own_haproxy.pid
    for values, command, wanted in TOLD:
        body = {"name": "s1", "address": "127.0.0.1", "port": 9, **values}
        answer = api.change("PUT", "servers/s1", body, backend="be")
        assert (answer.status_code, answer.headers.get("reload-id")) == (200, None), values
        assert wanted in api.tell(command), values
    body = {"name": "s3", "address": "127.0.0.1", "port": 9, "agent-check": "enabled",
            "agent-port": 7, "agent-addr": "127.0.0.3", "agent-inter": 60000}  # fmt: skip
    api.change("PUT", "servers/s3", body, backend="be")
    body = {"name": "fe", "default_backend": "be", "maxconn": 321}
    answer = api.change("PUT", "frontends/fe", body)
    assert (answer.status_code, answer.headers.get("reload-id")) == (200, None)
    assert ",321," in next(line for line in api.tell("show stat").splitlines() if line.startswith("fe,"))
    answer = api.change("PUT", "frontends/fe", {**body, "maxconn": 322, "log_tag": "x"})
    assert answer.status_code == 202 and answer.headers["reload-id"]
    assert api.pid == pid


@pytest.mark.haproxy
def test_a_server_that_has_served_goes(own_haproxy):
    api, pid = own_haproxy, own_haproxy.pid
    with sites("busy") as [site]:
        body = {"name": "busy", "address": "127.0.0.1", "port": site.port}
        assert api.change("POST", "servers", body, backend="be").status_code == 201
        for name in ("s1", "s2", "s3"):
            api.change("DELETE", f"servers/{name}", backend="be")
        for _ in range(5):
            assert b"busy" in fetch(api.folder / "fe.sock")
        answer = api.change("DELETE", "servers/busy", backend="be")
        assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
    assert api.pid == pid


@pytest.mark.haproxy
def test_a_transaction_of_servers_is_one_change(own_haproxy):
    api, pid = own_haproxy, own_haproxy.pid
    version = api.services.config.version()
    begun = api.call("POST", "transactions", version=version).json["id"]
    for number in range(3):
        body = {"name": f"n{number}", "address": f"192.0.2.{number}", "port": 80, "weight": number}
        query = {"backend": "be", "transaction_id": begun}
        assert api.status("POST", "configuration/servers", body, **query) == 202
    assert api.status("DELETE", "configuration/servers/s1", backend="be", transaction_id=begun) == 202
    body = {"name": "s2", "address": "127.0.0.1", "port": 9, "weight": 3, "maintenance": "enabled"}
    assert api.status("PUT", "configuration/servers/s2", body, **query) == 202
    answer = api.call("PUT", f"transactions/{begun}")
    assert (answer.status_code, answer.headers.get("reload-id")) == (200, None)
    names = [one["name"] for one in api.get("runtime/servers", backend="be")]
    assert sorted(names) == ["n0", "n1", "n2", "s2", "s3"] and api.pid == pid
    assert api.tell("get weight be/n2").startswith("2 ")


@pytest.mark.haproxy
def test_what_haproxy_refuses_is_reloaded(own_haproxy):
    api = own_haproxy
    api.tell("add server be/taken 127.0.0.1:1")
    for body in (
        {"name": "taken", "address": "127.0.0.1", "port": 2},
        {"name": "named", "address": "localhost", "port": 2},
        {"name": "dns", "address": "127.0.0.1", "port": 2, "resolvers": "none"},
    ):
        answer = api.change("POST", "servers", body, backend="be")
        assert answer.status_code == 202, body
        record = api.get(f"reloads/{answer.headers['reload-id']}")
        assert "HAProxy" in record["reason"] or "address" in record["reason"]
