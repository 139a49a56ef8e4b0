"""What requests leave in memory stays within the setting, and former texts go with their answers."""

import gc
from pathlib import Path
from weakref import ref

from tests.api.support import Api
from tests.laws.support import Everything

LIMIT = 200_000


def backend(name: str, servers: int = 40) -> str:
    lines = "".join(f"  server s{n} 192.0.2.{n}:80 check weight {n}\n" for n in range(servers))
    return f"backend {name}\n  mode http\n{lines}"


def large(folder: Path) -> Api:
    text = "".join(backend(f"b{number}") for number in range(30))
    return Everything(folder, text, dataplane__cache_size=LIMIT)


def test_all_caches_stay_within_half_of_the_setting(tmp_path: Path) -> None:
    api = large(tmp_path)
    budget = api.app.services.registry.language.budget
    assert budget.limit == LIMIT // 2
    before = [api.get("servers", backend=f"b{number}") for number in range(30)]
    assert 0 < budget.size <= budget.limit
    for number in range(30):
        for server in range(0, 40, 7):
            shown = api.get(f"servers/s{server}", backend=f"b{number}")
            assert shown == before[number][server]
        assert budget.size <= budget.limit
    assert [api.get("servers", backend=f"b{number}") for number in range(30)] == before
    assert [one["name"] for one in api.get("backends")] == [f"b{number}" for number in range(30)]


def test_former_texts_are_not_kept(tmp_path: Path) -> None:
    api = large(tmp_path)
    former = []
    for number in range(5):
        api.get("servers", backend="b0")
        former.append(ref(api.app.services.config.snapshot()))
        body = {"name": f"more{number}", "address": "192.0.2.1", "port": 80}
        version = api.call("GET", "version").json
        made = api.call("POST", "servers", body, backend="b0", version=version, force_reload="false")
        assert made.status_code in (201, 202), made.text
    gc.collect()
    assert [one() for one in former] == [None] * len(former)
