"""Connections to members: what they are made with."""

import socket

import pytest

pytest.importorskip("requests")

from dataplane_plugins.fleet.stores import Credentials
from dataplane_plugins.fleet.stores.members import new_session


def test_a_connection_is_kept_alive_while_nothing_is_asked():
    with socket.create_server(("127.0.0.1", 0)) as server:
        session = new_session(Credentials())
        pool = session.get_adapter("http://x").poolmanager.connection_from_host("127.0.0.1", server.getsockname()[1])
        connection = pool._new_conn()
        connection.connect()
        kept = [connection.sock.getsockopt(*what) for what in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            (socket.IPPROTO_TCP, socket.TCP_NODELAY))]  # fmt: skip
        connection.close()
    assert kept == [1, 15, 1]


def test_nothing_is_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    session = new_session(Credentials(ca="/ca.pem", certificate="/one.pem"))
    settings = session.merge_environment_settings("http://x/", {}, None, None, None)
    assert not settings["proxies"] and settings["verify"] == "/ca.pem"
    assert session.cert == ("/one.pem", "/one.pem")
