"""A real Consul, where its program is on PATH or `contrib/consul` has built it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.discovery.agent import ACCESS_CONTROL, MANAGEMENT, Consul
from tests.discovery.support import DISCOVERY, TEXT, Discovering, discovering
from tests.discovery.test_live import TEXT as LIVE
from tests.discovery.test_live import following, post, served, states, web  # noqa: F401
from tests.harness.waiting import until

"""Seconds; what is noticed only when `retry_timeout` is over takes 60."""


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consul]:
    with Consul(tmp_path_factory.mktemp("consul")) as found:
        yield found


@pytest.fixture
def consul(agent: Consul) -> Iterator[Consul]:
    """The agent, without any services."""
    agent.clear()
    yield agent


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Discovering]:
    with discovering(tmp_path) as found:
        yield found


def entry(consul: Consul, **more: Any) -> dict[str, Any]:
    base = {"address": "127.0.0.1", "port": consul.port, "enabled": True, "retry_timeout": 600}
    return {**base, **more}


def name(consul: Consul, service: str = "api") -> str:
    return f"consul-backend-127.0.0.1-{consul.port}-{service}"


def seen(api: Discovering, consul: Consul, *ports: int) -> None:
    """The servers come to be those at these ports."""
    wanted = {f"127.0.0.1:{port}" for port in ports}
    until(lambda: set((api.servers(name(consul)) or {}).values()) == wanted)


def test_instances_come_change_and_go(api: Discovering, consul: Consul) -> None:
    consul.register("a1", 1001)
    api.add("consul", entry(consul))
    seen(api, consul, 1001)
    consul.register("a2", 1002)
    seen(api, consul, 1001, 1002)
    consul.register("a2", 1003)
    seen(api, consul, 1001, 1003)
    consul.deregister("a1")
    seen(api, consul, 1003)
    consul.deregister("a2")
    until(lambda: api.servers(name(consul)) is None)
    assert api.servers(name(consul, "consul")) is None


@pytest.mark.parametrize(
    ("policy", "good", "bad", "kept"),
    [
        ("none", "critical", "fail", True),
        ("any", "passing", "fail", True),
        ("all", "passing", "warn", False),
        ("min", "passing", "fail", False),
    ],
)
def test_health_policies(
    api: Discovering, consul: Consul, policy: str, good: str, bad: str, kept: bool
) -> None:
    consul.register("a1", 1001, good, good)
    consul.register("a2", 1002, good, good)
    more = {"health_check_policy_min": 3} if policy == "min" else {}  # the node's own is one
    api.add("consul", entry(consul, health_check_policy=policy, **more))
    seen(api, consul, 1001, 1002)
    consul.check("a2-1", bad)
    if kept:
        consul.register("a3", 1003)  # what came before it has been seen then
        seen(api, consul, 1001, 1002, 1003)
    else:
        seen(api, consul, 1001)
        consul.check("a2-1", "pass")
        seen(api, consul, 1001, 1002)


def test_maintenance_and_what_checks_say(api: Discovering, consul: Consul) -> None:
    consul.register("a1", 1001, "passing")
    consul.register("a2", 1002, "passing")
    api.add("consul", entry(consul, health_check_policy="all"))
    seen(api, consul, 1001, 1002)
    consul.ask("PUT", "agent/service/maintenance/a1?enable=true")
    seen(api, consul, 1002)
    consul.check("a2-1", "pass", "very+well")
    consul.ask("PUT", "agent/service/maintenance/a1?enable=false")
    seen(api, consul, 1001, 1002)
    consul.ask("PUT", "agent/maintenance?enable=true")
    seen(api, consul)
    consul.ask("PUT", "agent/maintenance?enable=false")
    seen(api, consul, 1001, 1002)


def test_names_choose_services(api: Discovering, consul: Consul) -> None:
    for service in ("web-1", "web-2", "web-x", "db-1", "my service/1"):
        consul.register(service, 1001, name=service, Tags=["blue"], Meta={"stage": "live"})
    api.add("consul", entry(consul, service_name_regexp=r"\d$", service_denylist=["web-2"]))
    odd = "my:20service:2f1"
    until(lambda: all(api.servers(name(consul, one)) for one in ("web-1", "db-1", odd)))
    assert [api.servers(name(consul, one)) for one in ("web-2", "web-x")] == [None, None]
    until(lambda: api.status.get("services") == 3)


def test_addresses_of_instances(api: Discovering, consul: Consul) -> None:
    consul.register("six", 81, Address="2001:db8::1")
    consul.register("none", 82, Address="")
    consul.register("host", 83, Address="localhost")
    consul.register("portless", 0)
    api.add("consul", entry(consul))
    local = {"[2001:db8::1]:81", "127.0.0.1:82"}
    until(lambda: local <= set((api.servers(name(consul)) or {}).values()))
    assert len(api.servers(name(consul)) or ()) == 3
    until(lambda: api.status.get("left_out") == ["api: instance portless has no port"])


def test_a_service_that_a_frontend_names_keeps_its_backend(tmp_path: Path, consul: Consul) -> None:
    backend = name(consul)
    text = f"{TEXT}  default_backend {backend}\nbackend {backend}\n"
    with discovering(tmp_path, text) as api:
        consul.register("a1", 1001)
        api.add("consul", entry(consul))
        seen(api, consul, 1001)
        consul.deregister("a1")
        until(lambda: api.servers(backend) == {})
        consul.register("a1", 1004)
        seen(api, consul, 1004)


def test_scales_under_traffic_with_the_same_worker(
    web: list[int],  # noqa: F811
    tmp_path: Path,
    consul: Consul,
) -> None:
    backend = name(consul)
    text = f"{LIVE}  default_backend {backend}\nbackend {backend}\n"
    consul.register("a0", web[0], "passing")
    with following(tmp_path, text) as running:
        body = entry(consul, server_slots_base=20, health_check_policy="all")
        assert post(running, "consul", body).status_code == 201
        until(lambda: len(states(running, backend)) == 1)
        until(lambda: not running.services.reloads.under_way())
        pid = running.pid
        for number in range(1, 20):
            consul.register(f"a{number}", web[number], "passing")
        at_work(tmp_path, running, backend, web)
        consul.check("a3-1", "fail")
        at_work(tmp_path, running, backend, [*web[:3], *web[4:]])
        consul.deregister(*(f"a{number}" for number in range(1, 20)))
        at_work(tmp_path, running, backend, web[:1])
        assert running.pid == pid


def at_work(folder: Path, running: Any, backend: str, ports: list[int]) -> None:
    """HAProxy comes to use these servers, and traffic to reach all of them and no others."""
    until(lambda: len(states(running, backend)) == len(ports))
    asked: set[int] = set()
    until(lambda: asked.update(served(folder, len(ports))) or len(asked) >= len(ports))
    assert asked == set(ports)


def test_stopped_and_started_again(tmp_path: Path, api: Discovering) -> None:
    with Consul(tmp_path) as consul:
        for number in range(5):
            consul.register(f"a{number}", 1001 + number)
        api.add("consul", entry(consul, retry_timeout=1, health_check_policy="any"))
        seen(api, consul, *range(1001, 1006))
        consul.stop()
        until(lambda: api.status.get("failures", 0) >= 2)
        assert "cannot be reached" in api.status["message"]
        seen(api, consul, *range(1001, 1006))
        consul.start()
        consul.register("a1", 1011)
        seen(api, consul, 1011)
        consul.register("a2", 1012)
        seen(api, consul, 1011, 1012)
        until(lambda: api.status["failures"] == 0)


def token_for(consul: Consul, rules: str) -> str:
    """The secret of a token that may do this."""
    consul.ask("PUT", "acl/policy", {"Name": "mine", "Rules": rules})
    made = consul.ask("PUT", "acl/token", {"Policies": [{"Name": "mine"}]})
    secret: str = made["SecretID"]
    return secret


def test_tokens(tmp_path: Path, api: Discovering) -> None:
    with Consul(tmp_path, ACCESS_CONTROL, MANAGEMENT) as consul:
        consul.register("a1", 1001, "passing")
        consul.register("b1", 1001, "passing", name="other")
        token = token_for(consul, 'service "api" { policy = "read" }')
        first = entry(consul, id="one", retry_timeout=1, health_check_policy="all")
        api.add("consul", first)

        def replaced(secret: str) -> None:
            body = {**first, "token": secret}
            assert api.call("PUT", f"{DISCOVERY}/consul/one", body).status_code == 200

        until(lambda: "service:read and node:read" in api.status.get("message", ""))
        replaced("22222222-2222-4222-8222-222222222222")
        until(lambda: "status 403: ACL not found" in api.status["message"])
        replaced(token)
        until(lambda: "service:read and node:read" in api.status["message"])
        assert token not in str(api.status)
        policy = consul.ask("GET", "acl/policy/name/mine")
        both = 'service "api" { policy = "read" } node_prefix "" { policy = "read" }'
        consul.ask("PUT", f"acl/policy/{policy['ID']}", {"Name": "mine", "Rules": both})
        seen(api, consul, 1001)
        assert api.servers(name(consul, "other")) is None
        until(lambda: api.status["failures"] == 0)
        consul.deregister("a1")
        until(lambda: api.servers(name(consul)) is None)
