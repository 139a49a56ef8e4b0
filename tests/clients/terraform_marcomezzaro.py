"""The Terraform provider marcomezzaro/haproxy-pf: names parents in every way at once.

Its collections end in a slash, and it reads without a transaction right after the commit.
"""

from typing import Any

from tests.clients.flows import in_transaction
from tests.clients.replay import Call, Story
from tests.harness.server import CONFIGURATION

FRONT = "parent_type=frontend&parent_name=web_front&frontend=web_front"
BACK = "parent_type=backend&parent_name=web_back&backend=web_back"
OBJECTS: tuple[tuple[str, str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("backends", "web_back", "", {"balance": {"algorithm": "roundrobin"}, "mode": "http", "name": "web_back"},
     {"balance": {"algorithm": "leastconn"}}),
    ("frontends", "web_front", "",
     {"http_connection_mode": "http-keep-alive", "maxconn": 100, "mode": "http", "name": "web_front",
      "default_backend": "web_back"}, {"maxconn": 200}),
    ("binds", "web_bind", FRONT, {"address": "127.0.0.1", "name": "web_bind", "port": "#{port}"}, {}),
    ("servers", "web1", BACK, {"address": "127.0.0.1", "name": "web1", "port": 80, "check": "enabled"},
     {"check": "disabled"}),
    ("server_templates", "srv", "backend=web_back",
     {"fqdn": "localhost", "num_or_range": "1-2", "port": 81, "prefix": "srv", "check": "enabled", "resolvers": ""},
     {"port": 82}),
)


def life(path: str, name: str, query: str, body: dict[str, Any], update: dict[str, Any]) -> tuple[Call, ...]:
    """Create, read, update and read one object."""
    tail = f"&{query}" if query else ""
    one = f"{CONFIGURATION}/{path}/{name}"
    alone = f"{one}?{query}" if query else one
    shown = {f"data.{key}": value for key, value in {**body, **update}.items() if value not in ("", "#{port}")}
    return (
        *in_transaction(Call("POST", f"{CONFIGURATION}/{path}/?transaction_id={{id}}{tail}", body, 202)),
        Call("GET", alone),
        *in_transaction(Call("PUT", f"{one}?transaction_id={{id}}{tail}", {**body, **update}, 202)),
        Call("GET", alone, told=shown),
    )


def gone(path: str, name: str, query: str) -> tuple[Call, ...]:
    tail = f"&{query}" if query else ""
    one = f"{CONFIGURATION}/{path}/{name}"
    return (
        *in_transaction(Call("DELETE", f"{one}?transaction_id={{id}}{tail}", status=202)),
        # The provider takes 404 for a thing that is gone, and makes it anew.
        Call("GET", f"{one}?{query}" if query else one, status=404),
    )


SITE = Story(
    "terraform-marcomezzaro",
    (
        *(call for one in OBJECTS for call in life(*one)),
        Call("GET", f"{CONFIGURATION}/backends/", told={"data.0.name": "be_main"}),
        Call("GET", f"{CONFIGURATION}/frontends/", told={"data.0.name": "fe_main"}),
        Call("GET", f"{CONFIGURATION}/resolvers/", told={"data.0.name": "docker"}),
    ),
    {
        "backend web_back": ("mode http", "balance leastconn", "server-template srv 1-2 localhost:82 check"),
        "frontend web_front": ("maxconn 200", "bind 127.0.0.1:{port} name web_bind", "default_backend web_back"),
    },
    tuple(call for path, name, query, *_ in reversed(OBJECTS[2:]) for call in gone(path, name, query))
    + tuple(call for path, name, query, *_ in OBJECTS[1::-1] for call in gone(path, name, query)),
    {"Accept": "application/json; charset=utf-8"},
)
STORIES = (SITE,)
