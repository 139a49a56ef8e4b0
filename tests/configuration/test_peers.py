"""Peers, their tables, and hosts whose ports are told by the last colon."""

import pytest

from dataplane_plugins.configuration.sections.mailers import MAILER, MAILERS
from dataplane_plugins.configuration.sections.peers import PEER, PEERS, TABLE
from dataplane_plugins.configuration.sections.resolvers import NAMESERVER
from tests.configuration.support import read, rewritten, section, written


@pytest.mark.parametrize("statement", [PEER, MAILER, NAMESERVER])
def test_hosts_stay_as_they_are_given(statement):
    head = statement.forms[0].head[0]
    for host in ("10.0.0.1", "::1", "[::1]"):
        line = f"{head} a {host}:25"
        assert read(statement, line) == {"name": "a", "address": host, "port": 25}
        assert written(statement, name="a", address=host, port=25) == line


def test_a_peer_needs_a_port():
    assert [one.path for one in PEER.problems({"name": "a", "address": "b"})] == ["port"]


def test_what_a_table_stores_adds_up():
    line = "table t store gpc0 type ip store gpc1,conn_cur later 3"
    assert read(TABLE, line) == {"name": "t", "store": "gpc0,gpc1,conn_cur", "type": "ip"}
    assert rewritten(TABLE, line, size="1m") == "table t store gpc0 type ip size 1m store gpc1,conn_cur later 3"
    assert rewritten(TABLE, line, store="gpc2") == "table t store gpc2 type ip later 3"


def test_defaults_of_several_lines_are_one_object():
    before = section("default-server ssl  # tls", "default-server check inter 1s", "default-bind")
    values = PEERS.read(before)
    assert values == {
        "default_server.ssl": "enabled",
        "default_server.check": "enabled",
        "default_server.inter": 1000,
        "default_bind": {},
    }
    after = PEERS.put(before, {**values, "default_server.inter": 2000})
    assert [line.raw.strip() for line in after.lines] == [
        "default-server ssl  # tls",
        "default-server check inter 2000",
        "default-bind",
    ]


def test_the_time_for_mails_is_written_with_its_unit():
    after = MAILERS.put(section("timeout mail 10s"), {"timeout": 20000})
    assert after.lines[0].raw.strip() == "timeout mail 20000ms"
