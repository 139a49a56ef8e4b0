"""Consul as a source: what is chosen, how it fails, how it comes back."""

import logging
import threading

import pytest

from dataplane_plugins.discovery import consul as source
from dataplane_plugins.discovery.engine import rest_after
from tests.discovery.consul import REFUSALS, ConsulDouble, instance
from tests.discovery.support import DISCOVERY, TEXT, discovering
from tests.harness.waiting import stays, until


@pytest.fixture
def consul():
    with ConsulDouble() as double:
        yield double


@pytest.fixture
def api(tmp_path):
    with discovering(tmp_path) as found:
        yield found


def entry(consul, **more):
    return {
        "address": "127.0.0.1",
        "port": consul.port,
        "enabled": True,
        "retry_timeout": 1,
        **more,
    }


def name(consul, service):
    return f"consul-backend-127.0.0.1-{consul.port}-{service}"


def seen(api, consul, service, *ports):
    wanted = {f"127.0.0.1:{port}" for port in ports}
    until(lambda: set((api.servers(name(consul, service)) or {}).values()) == wanted)


def test_the_list_is_empty_while_there_is_nothing(api):
    for path in ("consul", "aws"):
        assert api.call("GET", f"{DISCOVERY}/{path}").json == {"data": []}


def test_entries_are_created_read_replaced_and_deleted(api):
    body = {"address": "c.local", "port": 8500, "enabled": False, "retry_timeout": 10, "id": "one",
            "token": "t", "service-whitelist": ["a"]}  # fmt: skip
    made = api.add("consul", body)
    assert made == {**body, "server_slots_base": 10, "server_slots_growth_type": "exponential",
                    "mode": "http", "health_check_policy": "none"}  # fmt: skip
    assert api.get(f"{DISCOVERY}/consul") == [made]
    api.add("consul", body, 409)
    api.add("consul", {**body, "id": "two"}, 409)
    changed = api.call("PUT", f"{DISCOVERY}/consul/one", {**body, "port": 8501})
    assert changed.json["port"] == 8501
    assert api.get(f"{DISCOVERY}/consul/one") == changed.json
    assert api.call("DELETE", f"{DISCOVERY}/consul/one").status_code == 204
    for method in ("GET", "DELETE"):
        assert api.call(method, f"{DISCOVERY}/consul/one").status_code == 404
    assert api.call("PUT", f"{DISCOVERY}/consul/one", body).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"address": "a b"}, "address"),
        ({"address": "a/b"}, "host name"),
        ({"retry_timeout": 0}, "retry_timeout"),
        ({"retry_timeout": 10**12}, "retry_timeout"),
        ({"server_slots_base": 10**12}, "server_slots_base"),
        ({"health_check_policy": "most"}, "health_check_policy"),
        ({"health_check_policy": "min"}, "health_check_policy_min"),
        ({"service_name_regexp": "("}, "service_name_regexp"),
    ],
)
def test_wrong_entries_are_refused(api, wrong, told):
    body = {"address": "c", "port": 1, "enabled": False, "retry_timeout": 1, **wrong}
    answer = api.call("POST", f"{DISCOVERY}/consul", body)
    assert answer.status_code == 422
    assert told in answer.json["message"]


def test_a_service_comes_changes_and_goes(api, consul):
    consul.set("api", 1001, 1002)
    api.add("consul", entry(consul, defaults="base"))
    seen(api, consul, "api", 1001, 1002)
    assert f"backend {name(consul, 'api')} from base\n" in api.text
    assert api.servers(name(consul, "consul")) is None
    first = api.servers(name(consul, "api"))
    consul.set("api", 1002, 1003)
    seen(api, consul, "api", 1002, 1003)
    again = api.servers(name(consul, "api"))
    assert [key for key in first if first[key] == "127.0.0.1:1002"] == [
        key for key in again if again[key] == "127.0.0.1:1002"
    ]
    consul.remove("api")
    until(lambda: api.servers(name(consul, "api")) is None)
    until(lambda: api.status["services"] == 0)


def test_a_service_that_is_named_keeps_an_empty_backend(tmp_path, consul):
    text = TEXT + f"  use_backend {name(consul, 'api')} if TRUE\n"
    text += f"backend {name(consul, 'api')}\n"
    with discovering(tmp_path, text) as api:
        consul.set("api", 1001)
        api.add("consul", entry(consul))
        seen(api, consul, "api", 1001)
        consul.remove("api")
        until(lambda: api.servers(name(consul, "api")) == {})


def test_many_instances_at_once(api, consul):
    consul.set("api", *range(2001, 2026))
    api.add("consul", entry(consul))
    seen(api, consul, "api", *range(2001, 2026))
    assert api.slots(name(consul, "api")) == 40


def test_odd_services_and_instances(api, consul):
    consul.set("my service/ü", instance("2001:db8::1", 80), instance("", 81, node="192.0.2.7"))
    consul.set("bad", instance("192.0.2.8", 0, "portless"), instance("no host", 5, "nowhere"),
               instance("192.0.2.9", 6))  # fmt: skip
    api.add("consul", entry(consul))
    odd = name(consul, "my:20service:2f:c3:bc")
    until(lambda: api.servers(odd))
    assert set(api.servers(odd).values()) == {"[2001:db8::1]:80", "192.0.2.7:81"}
    assert set(api.servers(name(consul, "bad")).values()) == {"192.0.2.9:6"}
    until(lambda: "left_out" in api.status)
    assert sorted(api.status["left_out"]) == [
        "bad: instance nowhere has no usable address",
        "bad: instance portless has no port",
    ]


def test_the_index_may_go_backwards(api, consul):
    consul.set("api", 1001, index=500)
    api.add("consul", entry(consul))
    seen(api, consul, "api", 1001)
    consul.set("api", 1002, index=3)
    seen(api, consul, "api", 1002)
    consul.set("api", 1003)
    seen(api, consul, "api", 1003)
    until(lambda: {"500", "4"} <= {query.get("index") for _, query in consul.seen})


def test_a_new_service_and_new_instances_are_noticed_at_once(api, consul):
    consul.set("api", 1001)
    api.add("consul", entry(consul, retry_timeout=600))
    seen(api, consul, "api", 1001)
    consul.set("new", 1002)
    seen(api, consul, "new", 1002)
    consul.set("api", 1001, 1003)
    seen(api, consul, "api", 1001, 1003)


@pytest.mark.parametrize(
    ("policy", "good", "bad"),
    [
        ("all", ("passing", "passing"), ("passing", "warning")),
        ("any", ("passing", "critical"), ("warning", "critical")),
        ("min", ("passing", "passing", "critical"), ("passing", "critical", "critical")),
        ("min", ("passing", "passing"), ("passing",)),
    ],
)
def test_health_is_noticed_at_once(api, consul, policy, good, bad):
    def turn(checks):
        first = instance(port=1001, id="first", checks=good)
        consul.set("api", first, instance(port=1002, id="second", checks=checks))

    turn(good)
    more = {"health_check_policy": policy, "health_check_policy_min": 2}
    api.add("consul", entry(consul, retry_timeout=600, **more))
    for _ in range(2):
        seen(api, consul, "api", 1001, 1002)
        turn(bad)
        seen(api, consul, "api", 1001)
        turn(good)


def asked(consul):
    """How often instances of a service were asked for."""
    return sum(path.startswith("/v1/health/service/") for path, _ in consul.seen)


def test_no_more_is_asked_while_nothing_changes_but_what_checks_say(api, consul):
    consul.set("api", 1001)
    api.add("consul", entry(consul, retry_timeout=600, health_check_policy="any"))
    seen(api, consul, "api", 1001)
    until(lambda: quiet(consul))
    before, blocked = asked(consul), len(consul.seen)
    checked = instance(port=1001, id="api-1001")
    checked["Checks"][0]["Output"] = "still well"
    consul.set("api", checked)
    until(lambda: len(consul.seen) > blocked)
    until(lambda: quiet(consul))
    assert asked(consul) == before


def quiet(consul):
    """Whether nothing is asked for a while."""
    before = len(consul.seen)
    return stays(lambda: len(consul.seen) == before, 0.6)


def test_connections_are_few_for_many_services_and_end_with_the_entry(api, consul):
    for number in range(300):
        consul.set(f"s{number}", 3000 + number)
    body = entry(consul, retry_timeout=600, health_check_policy="all")
    made = api.add("consul", body)
    seen(api, consul, "s299", 3299)
    consul.set("s7", 5000, 5001)
    seen(api, consul, "s7", 5000, 5001)
    assert len(consul.connections) == 3
    assert len(following(made["id"])) == 3
    api.call("PUT", f"{DISCOVERY}/consul/{made['id']}", {**body, "enabled": False})
    until(lambda: not following(made["id"]))


def following(id):
    return [thread for thread in threading.enumerate() if id in thread.name]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ({"status": 500}, "status 500: No cluster leader"),
        ({"token": "another"}, "status 403: ACL not found"),
        ({"hidden": "services"}, "requires a token with service:read and node:read"),
        ({"hidden": "nodes"}, "requires a token with service:read and node:read"),
        ({"body": b"<html>"}, "no JSON"),
        ({"body": b"[]"}, "no object"),
    ],
)
def test_failures_are_told_and_servers_stay(api, consul, trouble, told, caplog):
    caplog.set_level(logging.INFO)
    consul.set("api", 1001)
    api.add("consul", entry(consul, token="s3cret-t0ken"))
    seen(api, consul, "api", 1001)
    assert consul.tokens == {"s3cret-t0ken"}
    good = {name: getattr(consul, name) for name in trouble}
    vars(consul).update(trouble)
    until(lambda: told in api.status.get("message", ""))
    assert api.status["failures"] >= 1
    seen(api, consul, "api", 1001)
    vars(consul).update(good)
    consul.set("api", 1002)
    seen(api, consul, "api", 1002)
    until(lambda: api.status["failures"] == 0)
    assert api.status["last_success"] > api.status["last_error"]
    assert "s3cret" not in caplog.text
    assert "s3cret" not in str(api.status)


def test_consul_goes_and_comes_back(api, consul):
    consul.set("api", 1001)
    api.add("consul", entry(consul))
    seen(api, consul, "api", 1001)
    consul.stop()
    until(lambda: "cannot be reached" in api.status.get("message", ""))
    seen(api, consul, "api", 1001)
    consul.indexes = dict.fromkeys(consul.indexes, 1)
    consul.services = {}
    consul.start()
    consul.set("api", 1007)
    seen(api, consul, "api", 1007)


def test_a_refusal_that_has_the_token_in_it_is_not_repeated(consul, monkeypatch):
    consul.token = "another"
    monkeypatch.setitem(REFUSALS, 403, "no such token: s3cret-t0ken")
    with pytest.raises(source.SourceFailed) as raised:
        next(source.watch(entry(consul, token="s3cret-t0ken"), threading.Event()))
    assert raised.value.message.endswith("with status 403")


def test_a_slow_consul_is_given_up(consul, monkeypatch):
    monkeypatch.setattr(source, "_MARGIN", 0.1)
    consul.delay = 1.0
    with pytest.raises(source.SourceFailed, match="no answer in time"):
        next(source.watch(entry(consul), threading.Event()))


def test_a_redirect_takes_no_token_along(consul):
    consul.status = 302
    with pytest.raises(source.SourceFailed, match="status 302"):
        next(source.watch(entry(consul, token="t"), threading.Event()))


def test_an_unknown_defaults_section_is_told(api, consul):
    consul.set("api", 1001)
    made = api.add("consul", entry(consul, defaults="nowhere"))
    until(lambda: "defaults nowhere" in api.status.get("message", ""))
    until(lambda: len(following(made["id"])) == 1)  # what watched is let go until the next attempt


def test_disabled_and_deleted_entries_leave_their_backends(api, consul):
    consul.set("api", 1001)
    made = api.add("consul", entry(consul))
    seen(api, consul, "api", 1001)
    before = api.servers(name(consul, "api"))
    api.call("PUT", f"{DISCOVERY}/consul/{made['id']}", entry(consul, enabled=False))
    until(lambda: not following(made["id"]))
    consul.set("api", 1002)
    assert stays(lambda: api.servers(name(consul, "api")) == before, 1.5)


def test_entries_survive_a_restart_and_the_settings_file_brings_its_own(tmp_path, consul):
    mine = {"address": "elsewhere", "port": 1, "enabled": False, "retry_timeout": 1}
    with discovering(tmp_path) as api:
        made = api.add("consul", mine)
    consul.set("api", 1001)
    given = {"service_discovery.consuls": (entry(consul),)}
    with discovering(tmp_path, **given) as api:
        seen(api, consul, "api", 1001)
        assert {one["address"] for one in api.get(f"{DISCOVERY}/consul")} == {
            "elsewhere",
            "127.0.0.1",
        }
        assert api.get(f"{DISCOVERY}/consul/{made['id']}") == made
    with discovering(tmp_path) as api:
        assert api.get(f"{DISCOVERY}/consul") == [made]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["a", "b", "c1"]),
        ({"service_allowlist": ["a", "consul"]}, ["a", "consul"]),
        ({"service-whitelist": ["b"]}, ["b"]),
        ({"service_denylist": ["a"], "service-blacklist": ["b"]}, ["c1"]),
        ({"service_allowlist": ["a", "b"], "service_denylist": ["b"]}, ["a"]),
        ({"service_name_regexp": r"^[a-z]\d$"}, ["c1"]),
    ],
)
def test_services_are_chosen(given, names):
    assert source.chosen(given, ["c1", "a", "b", "consul"]) == names


@pytest.mark.parametrize(
    ("policy", "checks", "counts"),
    [
        ("none", ["critical"], True),
        ("any", ["critical", "passing"], True),
        ("any", ["critical", "warning"], False),
        ("any", [], True),
        ("all", ["passing", "passing"], True),
        ("all", ["passing", "warning"], False),
        ("min", ["passing", "passing", "critical"], True),
        ("min", ["passing", "critical"], False),
        ("min", [], False),
    ],
)
def test_health_policies(policy, checks, counts):
    asked = {"health_check_policy": policy, "health_check_policy_min": 2}
    assert source.healthy(asked, checks) is counts


def test_failures_make_it_rest_longer_up_to_a_limit():
    assert [rest_after(count, 10) for count in (1, 2, 3, 4, 99)] == [10, 20, 40, 60, 60]
    assert rest_after(50, 600) == 600
