"""Sites: one frontend and its backends as one object."""

import pytest

from dataplane_core.api.v2 import V2
from dataplane_core.api.v3 import V3
from dataplane_core.api.view import View
from dataplane_core.errors import AlreadyExists
from dataplane_core.text import Document
from dataplane_plugins.configuration.sites.site_parts import Sites
from tests.golden.offline import registry

REGISTRY = registry()
SITES = Sites(REGISTRY, View(V2(), REGISTRY, None))  # type: ignore[arg-type]
TEXT = """\
frontend shop   # open
  mode   http
  bind :80   # made-up name
  bind :443 name tls ssl crt site.pem
  use_backend static if { path_beg /static }
  use_backend %[req.hdr(host)]
  default_backend app   # the farm

backend app
  balance roundrobin
  timeout server 3s
  server a 10.0.0.1:80   weight 5
  server b 10.0.0.2:80

backend static
  server s 10.0.0.3:80

frontend other
  default_backend static
"""


def document(text: str = TEXT) -> Document:
    return Document.parse(text, REGISTRY.language)


def shown(one: Document, name: str = "shop") -> dict:
    section = one.find("frontend", name)
    assert section is not None
    return SITES.read(one, section)


def test_a_site_is_shown_with_its_listeners_and_farms():
    site = shown(document())
    assert site["service.mode"] == "http"
    assert [one["name"] for one in site["service.listeners"]] == [":80", "tls"]
    assert [(farm["name"], farm["use_as"]) for farm in site["farms"]] == [
        ("app", "default"),
        ("static", "conditional"),
    ]
    assert site["farms"][0]["balance.algorithm"] == "roundrobin"
    assert [server["name"] for server in site["farms"][0]["servers"]] == ["a", "b"]


def test_a_site_of_which_nothing_is_said_has_no_lists():
    assert shown(document("frontend shop\n")) == {"name": "shop"}


def test_putting_back_a_site_changes_nothing():
    one = document()
    assert SITES.replace(one, "shop", shown(one)).text() == TEXT


def test_a_default_that_stands_twice_stays():
    one = document(
        TEXT.replace("  default_backend app ", "  default_backend static\n  default_backend app ")
    )
    assert shown(one)["farms"][0]["name"] == "app"
    assert SITES.replace(one, "shop", shown(one)).text() == one.text()


def test_only_what_differs_is_written():
    one = document()
    site = shown(one)
    farm = site["farms"][0]
    farm["servers"] = [{**farm["servers"][1], "check": "enabled"}]
    site["service.maxconn"] = 100
    after = SITES.replace(one, "shop", site).text()
    assert after == TEXT.replace("  server a 10.0.0.1:80   weight 5\n", "").replace(
        "server b 10.0.0.2:80\n", "server b 10.0.0.2:80 check\n"
    ).replace("  mode   http\n", "  mode   http\n  maxconn 100\n")


def test_a_farm_that_nothing_leads_to_any_more_goes():
    one = document()
    site = shown(one)
    site["farms"] = []
    after = SITES.replace(one, "shop", site)
    assert after.find("backend", "app") is None
    assert after.find("backend", "static") is not None, "the other frontend leads there"
    assert "use_backend %[req.hdr(host)]" in after.text(), "a computed name is no part of the site"
    assert "default_backend app" not in after.text()


def test_a_site_is_made_and_removed():
    values = {
        "name": "new",
        "service.listeners": [{"address": "*", "port": 81}],
        "farms": [
            {"name": "x", "use_as": "default", "servers": [{"name": "s", "address": "1.1.1.1"}]},
            {
                "name": "y",
                "use_as": "conditional",
                "cond": "if",
                "cond_test": "TRUE",
                "mode": "http",
            },
        ],
    }
    after = SITES.create(document(), values)
    section = after.find("frontend", "new")
    assert section is not None
    assert [line.raw.strip() for line in section.lines if line.tokens] == [
        "bind *:81",
        "use_backend y if TRUE",
        "default_backend x",
    ]
    assert shown(after, "new")["farms"][0]["servers"] == values["farms"][0]["servers"]
    assert SITES.remove(after, "new").text().split() == TEXT.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "defaults d\nfrontend f\nbackend b\n",
            "defaults d\nfrontend f\nFbackend b\n\nbackend farm\n",
        ),
        (
            "defaults d\nfrontend f\ndefaults e\nbackend b\n",
            "defaults d\nfrontend f\nFdefaults e\nbackend b\n\nbackend farm from d\n",
        ),
        (
            "defaults\nfrontend f\ndefaults e\nbackend b\n",
            "defaults\nfrontend f\nFbackend farm\ndefaults e\nbackend b\n",
        ),
        (
            "defaults d\nbackend b\n.if A\ndefaults e\nfrontend f\n.endif\nlisten l\n",
            "defaults d\nbackend b\n.if A\ndefaults e\nfrontend f\n.endif\nFlisten l\n\nbackend farm\n",
        ),
    ],
)
def test_a_new_farm_inherits_what_its_frontend_does(text, expected):
    site = {"name": "new", "farms": [{"name": "farm", "use_as": "default"}]}
    one = SITES.create(document(text), site)
    assert one.text() == expected.replace("F", "frontend new\n  default_backend farm\n")
    assert SITES.remove(one, "new").text() == text


def test_names_that_are_taken_are_refused():
    for farms, name in (([], "shop"), ([{"name": "app", "use_as": "default"}], "new")):
        with pytest.raises(AlreadyExists):
            SITES.create(document(), {"name": name, "farms": farms})
    with pytest.raises(AlreadyExists, match="backend app"):
        SITES.replace(document(), "other", {"farms": [{"name": "app", "use_as": "default"}]})


@pytest.mark.parametrize(
    ("values", "path", "code"),
    [
        ({"service.http_connection_mode": "http-tunnel"}, "service.http_connection_mode", 422),
        ({"farms": [{"name": "a", "use_as": "conditional"}]}, "farms.0.cond", 602),
        ({"farms": [{"name": "a", "use_as": "default", "cond": "if"}]}, "farms.0.cond", 422),
        ({"farms": [{"name": "a", "use_as": "default"}] * 2}, "farms", 422),
    ],
)
def test_what_cannot_be_a_site_is_named(values, path, code):
    found = {(problem.path, problem.code) for problem in SITES.problems(values)}
    assert (path, code) in found


USES = """\
frontend shop
  use_backend one if { path /1 }
  use_backend %[req.hdr(host)]
  # the second
  use_backend two if { path /2 }
  use_backend "three" if { path /3 }
backend one
backend two
backend three
"""


def rules_after(*names: str, **conditions: str) -> list[str]:
    """The lines about rules after the site leads to some backends only, in that order."""
    one = document(USES)
    site = shown(one)
    known = {farm["name"]: farm for farm in site["farms"]}
    new = {"use_as": "conditional", "cond": "if", "cond_test": "{ path /new }"}
    site["farms"] = [
        {
            **known.get(name, {**new, "name": name}),
            **({"cond_test": conditions[name]} if name in conditions else {}),
        }
        for name in names
    ]
    frontend = SITES.replace(one, "shop", site).find("frontend", "shop")
    assert frontend is not None
    return [line.raw.strip() for line in frontend.lines]


def test_a_rule_that_a_site_keeps_stays_between_the_rules_that_are_none_of_it():
    lines = [line.strip() for line in USES.splitlines()[1:6]]
    new = "use_backend new if { path /new }"
    assert rules_after("one", "two") == lines
    assert rules_after("two") == lines[1:]
    assert rules_after("one") == [*lines[:3], lines[4]]  # a heading of the last one, too
    changed = "use_backend two if { path /b }"
    assert rules_after("two", two="{ path /b }") == [*lines[1:3], changed, lines[4]]
    assert rules_after("one", "new", "two") == [lines[0], new, *lines[1:]]
    assert rules_after("new", "one", "two") == [new, *lines]
    assert rules_after("one", "two", "new") == [*lines, new]
    assert rules_after("new", "two") == [new, *lines[1:]]


def test_comments_are_metadata_of_listeners_and_servers_where_a_version_has_it():
    newer = Sites(REGISTRY, View(V3(), REGISTRY, None))  # type: ignore[arg-type]
    one = document()
    section = one.find("frontend", "shop")
    assert section is not None
    site = newer.read(one, section)
    assert site["service.listeners"][0]["metadata"] == {"comment": "made-up name"}
    assert newer.replace(one, "shop", site).text() == TEXT
    site["farms"][0]["servers"][1]["metadata"] = {"rack": "r1"}
    changed = newer.replace(one, "shop", site)
    line = "  server b 10.0.0.2:80"
    assert changed.text() == TEXT.replace(f"{line}\n", f'{line} # {{"rack":"r1"}}\n')
    older = SITES.read(changed, changed.find("frontend", "shop"))
    assert "metadata" not in older["farms"][0]["servers"][1]
    assert SITES.replace(changed, "shop", older).text() == changed.text()
    del site["farms"][0]["servers"][1]["metadata"]
    assert newer.replace(changed, "shop", site).text() == TEXT
