"""The judge of histories finds what is planted in them; a short history of real servers has nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.torture.histories import play
from tests.torture.history_checker import check
from tests.torture.history_clients import TEXT, servers_of
from tests.torture.history_records import How, Made, Operation

A, B = ("be0", "s0"), ("be0", "s1")
FIRST = {A: 1}


def change(how: How, base: int, version: int, begun: float, weight: int | None, **more: object) -> Operation:
    """An acknowledged change of one server."""
    made = Operation("a client", how, begun, begun + 1, base, {A: weight}, version=version, status=202)
    return replace(made, **more)  # type: ignore[arg-type]


def read(version: int, begun: float, weight: int) -> Operation:
    """A read of one backend."""
    return Operation("a reader", "read", begun, begun + 1, version=version, status=200, scope="be0", seen={A: weight})


def refusal(how: How, base: int, begun: float, reason: str, status: int = 409) -> Operation:
    """A refused change of one server."""
    return Operation("another", how, begun, begun + 1, base, {A: 7}, status=status, reason=reason)


def hand(begun: float, weight: int, digest: str = "by hand", replaced: str = "d2") -> Operation:
    """A text by hand."""
    return Operation("person", "hand", begun, begun + 1, status=200, digest=digest, replaced=replaced, text={A: weight})


def made(*weights: int, digests: tuple[str, ...] = ("d1", "d2", "d3", "d4")) -> dict[int, Made]:
    """The records of the servers: versions from 1 on, each with that weight."""
    return {at: Made("api", digests[at - 1], {A: weight}) for at, weight in enumerate(weights, 1)}


def test_a_sound_history_has_no_problem() -> None:
    operations = [
        change("version", 1, 2, 0, 5), read(2, 2, 5), refusal("version", 1, 3, "version"), hand(5, 6),
        change("rebase", 3, 4, 7, 8), read(4, 9, 8), refusal("rebase", 3, 9, "overlap"),
        refusal("tag", 3, 9, "tag", 412), read(3, 7, 6),
    ]  # fmt: skip
    records = made(1, 5, 6, 8, digests=("d1", "d2", "by hand", "d4"))
    assert check(operations, records, FIRST, {A: 8}) == []


@pytest.mark.parametrize(
    ("operations", "weights", "last", "found"),
    [
        ([change("version", 1, 2, 0, 5), change("version", 1, 2, 0, 6)], (1, 6), 6, "one number"),
        ([change("version", 1, 2, 0, 5), change("version", 1, 3, 0, 6)], (1, 5, 6), 6, "made for another version"),
        ([change("version", 1, 2, 0, 5)], (1, 1), 1, "version 2"),
        ([change("version", 1, 2, 0, 5)], (1, 5), 1, "the file is not version 2"),
        ([change("version", 1, 2, 0, 5), read(1, 2, 1)], (1, 5), 5, "after"),
        ([read(2, 0, 5), change("version", 1, 2, 2, 5)], (1, 5), 5, "after"),
        ([change("version", 1, 2, 0, 5), read(2, 2, 1)], (1, 5), 5, "saw"),
        ([change("version", 1, 2, 0, 5), read(2, 2, 5), read(1, 4, 1)], (1, 5), 5, "after"),
        ([change("version", 2, 3, 0, 6), change("version", 1, 2, 2, 5)], (1, 5, 6), 6, "after"),
        ([refusal("version", 1, 0, "version")], (1,), 1, "without a reason"),
        ([refusal("version", 1, 0, "version"), change("version", 1, 2, 2, 5)], (1, 5), 5, "without a reason"),
        ([change("version", 1, 2, 0, 5), refusal("version", 2, 2, "version")], (1, 5), 5, "without a reason"),
        ([change("version", 1, 2, 0, 1), refusal("rebase", 1, 2, "overlap")], (1, 1), 1, "without a reason"),
        ([change("version", 1, 2, 0, 5), refusal("tag", 2, 2, "tag", 412)], (1, 5), 5, "without a reason"),
        ([change("version", 1, 2, 0, 5), refusal("transaction", 1, 2, "outdated", 406)], (1, 5), 5, "without a reason"),
        ([refusal("version", 1, 0, "nothing that is known")], (1,), 1, "without a reason"),
        ([change("version", 1, 2, 0, 5), change("rebase", 1, 3, 2, 6)], (1, 5, 6), 6, "did not meet"),
        ([change("version", 1, 2, 0, 5), change("tag", 1, 3, 2, 6)], (1, 5, 6), 6, "did not meet"),
        ([change("version", 1, 2, 0, 5, created={A})], (1, 5), 5, "where it should be"),
        ([hand(0, 6)], (1,), 1, "overwritten unseen"),
        ([], (1, 5), 5, "made by nobody"),
    ],
)  # fmt: skip
def test_each_planted_fault_is_found(
    operations: list[Operation], weights: tuple[int, ...], last: int, found: str
) -> None:
    problems = check(operations, made(*weights), FIRST, {A: last})
    assert any(found in problem for problem in problems), problems


def test_what_a_rebased_change_leaves_alone_is_as_others_made_it() -> None:
    operations = [change("version", 1, 2, 0, 5), change("rebase", 1, 3, 2, 1)]
    assert check(operations, made(1, 5, 5), FIRST, {A: 5}) == []


def test_a_read_in_a_transaction_has_its_changes() -> None:
    inside = replace(read(1, 0, 5), by_transaction=True, changes={A: 5})
    assert check([inside], made(1), FIRST, FIRST) == []
    assert "saw" in check([replace(inside, seen={A: 6})], made(1), FIRST, FIRST)[0]


def test_discovery_changes_no_server_of_the_clients() -> None:
    records = {**made(1), 2: Made("discovery", "d2", {A: 1})}
    assert check([], records, FIRST, FIRST) == []
    records[2] = Made("discovery", "d2", {})
    assert "version 2" in check([], records, FIRST, FIRST)[0]


def test_servers_of_a_text() -> None:
    text = TEXT + "\nbackend other\n  server s9 10.0.0.1 weight 5\n"
    assert servers_of(text) == {(f"be{number}", "s0"): 1 for number in range(4)}


@pytest.mark.server
def test_a_short_history(tmp_path: Path) -> None:
    played = play(tmp_path, seed=1, operations=10)
    assert played.problems == []
    assert played.counts["versions"] > 20
