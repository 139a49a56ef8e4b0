"""What release 2.2 announced of Consul: a service becomes a backend, and scales without a reload."""

from collections.abc import Iterator

import pytest

from tests.announced.support import Balancer
from tests.discovery.consul import ConsulDouble
from tests.harness.sites import Site, serving
from tests.harness.waiting import until

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

CONSUL = "service_discovery/consul"
MOST = 20


@pytest.fixture
def nodes() -> Iterator[list[int]]:
    """The ports of the nodes that a service may have."""
    with serving(*(Site(f"node {number}") for number in range(MOST))) as found:
        yield [one.port for one in found]


def working(lb: Balancer, backend: str) -> set[int]:
    """The ports of the servers that take requests."""
    found = lb.get("runtime/servers", backend=backend)
    return {one["port"] for one in found if one["admin_state"] == "ready"}


def answering(lb: Balancer, count: int) -> set[str]:
    """The nodes that so many visitors in a row come to."""
    return {lb.fetch()[1] for _ in range(count)}


def test_a_service_scales_from_1_to_20_and_back(lb: Balancer, nodes: list[int]) -> None:
    with ConsulDouble() as consul:
        consul.set("api", nodes[0])
        body = {"name": "consul-server", "address": "localhost", "port": consul.port,
                "enabled": True, "retry_timeout": 10}  # fmt: skip
        made = lb.client.call("POST", f"/{lb.spoken}/{CONSUL}", body)
        assert made.status == 201, made.body
        assert made.json.items() >= body.items()
        backend = f"consul-backend-localhost-{consul.port}-api"
        try:
            until(lambda: f"backend {backend}\n" in lb.text)
            lb.change("POST", "backend_switching_rules", {"index": 0, "name": backend},
                      frontend="fe_main")  # fmt: skip
            until(lambda: working(lb, backend) == {nodes[0]})
            pid = lb.pid
            for count in (1, MOST, 1):
                consul.set("api", *nodes[:count])
                until(lambda: working(lb, backend) == set(nodes[:count]))  # noqa: B023
                assert answering(lb, 2 * count) == {f"node {number}" for number in range(count)}
            assert lb.pid == pid
        finally:
            gone = lb.client.call("DELETE", f"/{lb.spoken}/{CONSUL}/{made.json['id']}")
    assert gone.status == 204
