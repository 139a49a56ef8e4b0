"""How many calls wait for a simulation, and what goes on beside them."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_plugins.changes.simulation.pool import Pool, gate_pool_of, pool_of
from tests.changes.simulation.support import SimulatingApi
from tests.harness.waiting import until

RULE = "/v3/services/haproxy/configuration/frontends/web/backend_switching_rules/1"


@pytest.fixture
def api(tmp_path: Path, haproxy_program: str) -> Iterator[SimulatingApi]:
    file = tmp_path / "routing.yaml"
    file.write_text("- {url: /api, frontend: web, expect: {backend: api}}")
    made = SimulatingApi(tmp_path, haproxy_program, dataplane__routing_tests=str(file), dataplane__threads=8)
    yield made
    made.close()


def ask(api: SimulatingApi) -> Any:
    return api.call("POST", "/dataplane/v1/simulate", {"requests": [{"url": "/a.css"}]})


def test_a_few_wait_and_others_are_sent_away_while_all_else_goes_on(api: SimulatingApi) -> None:
    pool = pool_of(api.app.services)
    places = pool.admission._places
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(api))) for _ in range(2)]
    with pool._lock:  # somebody else's simulation takes long
        for one in threads:
            one.start()
        until(lambda: places._value == 0)  # type: ignore[attr-defined]
        late = ask(api)
        assert (late.status_code, late.headers["Retry-After"]) == (503, "2")
        assert late.json["message"] == "others are simulating, and more wait for it: try again in 2 s"
        assert api.call("GET", RULE).status_code == 200
        # A change is tried by the routing tests, in processes of its own.
        api.change("PUT", RULE, {"name": "shop", "cond": "if", "cond_test": "TRUE"})
        assert answers == []
    for one in threads:
        one.join()
    assert [one.status_code for one in answers] == [200, 200]
    assert ask(api).status_code == 200


def test_changes_that_are_tried_at_once_are_limited_too(api: SimulatingApi) -> None:
    places = gate_pool_of(api.app.services).admission._places
    for _ in range(4):
        assert places.acquire(blocking=False)
    answer = api.call("PUT", RULE, {"name": "shop"}, version=api.version)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    places.release()
    api.change("PUT", RULE, {"name": "shop"})


@pytest.mark.parametrize("threads", [1, 2, 8, 64])
def test_a_thread_is_left_wherever_there_are_some(tmp_path: Path, threads: int) -> None:
    api = SimulatingApi(tmp_path, "/bin/false", dataplane__threads=threads)
    pools: list[Pool] = [pool_of(api.app.services), gate_pool_of(api.app.services)]
    waiting = sum(one.admission._places._value for one in pools)  # type: ignore[attr-defined]
    assert waiting < max(threads, 3)
