"""Measurements measure what they say: nothing is asserted here of how fast anything is."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import files, load, memory, reading, systems
from tests.bench.returning import Returning
from tests.bench.tables import in_turn
from tests.bench.workers import to_each_worker, worker_of
from tests.harness.server import ApiServer

USER = systems.PLAIN


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str) -> Iterator[ApiServer]:
    with systems.ours(
        files.SMALL, tmp_path_factory.mktemp("bench") / "served", haproxy_program
    ) as server:
        yield server


def test_each_round_goes_through_the_sides_in_another_order() -> None:
    asked: list[str] = []
    assert in_turn(2, lambda: asked.append("a"), lambda: asked.append("b")) == [[None, None]] * 2
    assert "".join(asked) == "abba"


def test_a_request_without_an_answer_counts_with_what_it_has_waited() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        told = load.by_own_client(silent.getsockname()[1], "/", USER, 2, seconds=0.1)
    assert told.requests == 0
    assert told.p99 >= 100


@pytest.mark.server
@pytest.mark.haproxy
@pytest.mark.parametrize("path", [path for _, size, path in reading.GETS if size is files.SMALL])
def test_haproxy_returns_the_bytes_of_the_server(
    served: ApiServer, haproxy_program: str, tmp_path: Path, path: str
) -> None:
    sent = load.request(path, USER)
    lines, body = load.whole_answer(served.port, sent)
    with Returning(haproxy_program, tmp_path / "limit", served.port, path, USER) as limit:
        returned, same = load.whole_answer(limit.port, sent)
    assert same == body
    assert len("".join(returned)) + 2 * len(returned) == len("".join(lines)) + 2 * len(lines)


@pytest.mark.server
@pytest.mark.haproxy
def test_load_is_made_without_wrk(served: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    told = load.load(served.port, reading.ONE_SERVER, USER, 4, seconds=0.1)
    assert told.requests >= 0
    assert load.generator() == "a client of our own"


@pytest.mark.server
@pytest.mark.haproxy
def test_each_worker_is_reached(served: ApiServer) -> None:
    clients = to_each_worker(served, systems.WORKERS)
    assert len({worker_of(served, client) for client in clients}) == systems.WORKERS


@pytest.mark.server
@pytest.mark.haproxy
def test_all_reads_name_every_section_and_are_answered(served: ApiServer) -> None:
    client = served.client()
    asked = [
        (path.rsplit("/", 1)[-1], tuple(query.values())) for path, query in memory.reads(client)
    ]
    assert len(set(asked)) == len(asked)
    assert {("backends", ()), ("be0", ()), ("site", ()), ("raw", ()), ("version", ())} <= set(asked)
    below = {(path, names[-1]) for path, names in asked if names}
    assert {("servers", "be0"), ("binds", "site"), ("http_request_rules", "site")} <= below
    assert memory.read_all(client) == len(asked)
