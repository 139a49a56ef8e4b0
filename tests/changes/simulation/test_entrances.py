"""Where requests come in: addresses, ports, TLS, and what cannot be simulated."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.changes.simulation.support import SimulatingApi
from tests.server import certificates

TEXT = """\
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend web
  bind :80,:8080 name plain
  bind [::]:443 name strict ssl crt {0}/site.pem strict-sni
  bind :8443 name known ssl crt {0}/site.pem verify required ca-file {0}/site.pem
  use_backend six if {{ src 2001:db8::/32 }}
  use_backend high if {{ dst_port 8080 }}
  use_backend inner if {{ dst 10.0.0.1 }}
  use_backend secret if {{ ssl_fc }}
  default_backend other
frontend admin
  bind 127.0.0.1:9000 interface lo
  default_backend other
listen quick
  bind quic4@:443 ssl crt {0}/site.pem
  bind /run/quick.sock
  server q1 192.0.2.1:80
backend six
  server s1 192.0.2.1:80
backend high
  server s1 192.0.2.1:80
backend inner
  server s1 192.0.2.1:80
backend secret
  server s1 192.0.2.1:80
backend other
  server s1 192.0.2.1:80
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str) -> Iterator[SimulatingApi]:
    folder: Path = tmp_path_factory.mktemp("entrances")
    certificates.make("site.example").write(folder / "site.pem")
    made = SimulatingApi(folder, haproxy_program, TEXT.format(folder))
    yield made
    made.close()


def web(api: SimulatingApi, **request: Any) -> dict[str, Any]:
    return api.one(frontend="web", url="/", **request)


def test_addresses_and_ports_are_those_of_the_request(api: SimulatingApi) -> None:
    assert web(api)["backend"] == "other"
    assert web(api, source="2001:db8::7")["backend"] == "six"
    assert web(api, destination="10.0.0.1")["backend"] == "inner"
    assert web(api, destination_port=8080)["backend"] == "high"
    assert web(api, source="2001:db9::7", destination="2001:db8::1")["backend"] == "other"


def test_the_url_says_where_it_comes_in(api: SimulatingApi) -> None:
    assert api.one(url="http://shop.example:9000/")["frontend"] == "admin"
    assert api.one(url="http://shop.example/")["bind"] == "plain"
    assert api.one(frontend="web", url="https://shop.example:8443/")["bind"] == "known"
    refused = api.call("POST", "/dataplane/v1/simulate", {"requests": [{"url": "/"}]})
    assert refused.json["message"] == "requests.0.frontend in body is required: it may be admin, quick, web"


def test_a_handshake_that_fails_is_told(api: SimulatingApi) -> None:
    result = web(api, bind="strict", sni="other.example")
    assert (result["outcome"], result["backend"]) == ("refused", None)
    assert result["remarks"][0]["text"].startswith("the TLS handshake failed: ")
    assert result["remarks"][0]["line"] == 8
    assert web(api, bind="strict", sni="site.example")["backend"] == "secret"


def test_what_a_client_lacks_is_told(api: SimulatingApi) -> None:
    result = web(api, bind="known")
    assert result["backend"] == "secret"
    said = "the simulation has no client certificate, and is let in without one"
    assert result["remarks"] == [{"text": said, "line": 9}]
    assert web(api)["remarks"] == []


def test_other_protocols_are_left_out(api: SimulatingApi) -> None:
    result = api.one(frontend="quick", url="/")
    assert (result["bind"], result["server"]) == ("/run/quick.sock", "q1")
    assert result["remarks"] == [{"text": "connections by quic4 cannot be simulated: the line is left out", "line": 19}]
