"""What a gate makes of the rows of `show stat`."""

from typing import Any

import pytest

from dataplane_core.plugin import Gate, RuntimeFailed
from dataplane_plugins.changes.confirm.gate import GateWatch, Row
from tests.changes.confirm.stats import answers, server

ALL = (server("a", "UP"), server("a", "DOWN"), server("b", "UP 1/3"), server("b", "no check"))


def watch(**gate: Any) -> GateWatch:
    return GateWatch(2, Gate(**{"window": 5.0, **gate}), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ({"min_up": 0.75}, ""),
        ({"min_up": 0.8}, "3 of 4 servers are up, which is less than 80 %"),
        ({"min_up": 3, "is_share": False}, ""),
        ({"min_up": 4, "is_share": False}, "3 of 4 servers are up, which is less than 4"),
        ({"min_up": 0.8, "backends": ("b",)}, ""),
        ({"min_up": 0.8, "backends": ("a", "b")}, "in backend a 1 of 2 servers are up, which is less than 80 %"),
        ({"min_up": 0.8, "backends": ("*",)}, "in backend a 1 of 2 servers are up, which is less than 80 %"),
        ({"max_5xx": 0.1, "backends": ("c",)}, "the running HAProxy has no backend c"),
    ],
)
def test_a_fault_counts_once_it_has_lasted_for_the_window(gate: dict[str, Any], told: str) -> None:
    one = watch(**gate)
    rows = (*ALL, *answers("a", 0, 0), *answers("b", 0, 0))
    assert one.judge(rows, 100.0) == ""
    assert one.judge(rows, 104.9) == ""
    assert one.judge(rows, 105.0) == (told and f"{told}, for 5 s")


def test_what_gets_better_within_the_window_is_no_fault() -> None:
    one = watch(min_up=1.0)
    assert one.judge(ALL, 100.0) == one.judge(ALL[::2], 104.0) == one.judge(ALL, 108.0) == ""
    assert one.judge(ALL, 113.0) != ""


def test_servers_in_maintenance_do_not_count() -> None:
    rows = [server("a", state) for state in ("MAINT", "MAINT (via b/s)", "DRAIN", "NOLB")]
    one = watch(min_up=1.0)
    assert one.judge(rows, 1.0) == one.judge(rows, 9.0) == ""
    rows.append(server("a", "MAINT (resolution)"))
    assert one.judge(rows, 20.0) == ""
    assert one.judge(rows, 29.0).startswith("2 of 3 servers are up")


def test_errors_count_that_came_since_the_first_look_and_within_the_window() -> None:
    one = watch(max_5xx=0.05)

    def look(moment: float, errors: int, fine: int) -> str:
        return one.judge(answers("web", errors, fine, "FRONTEND"), moment)

    assert look(100.0, 900, 100) == ""
    assert look(101.0, 904, 104) == ""  # too few to say anything
    assert look(102.0, 905, 195) == ""
    assert look(103.0, 906, 195) == "6 of 101 answers have a status from 500 on, which is more than 5 %"
    assert look(120.0, 907, 300) == ""


def test_another_process_counts_from_nothing() -> None:
    one = watch(max_5xx=0.05, backends=("a",))
    assert one.judge(answers("a", 900, 100), 100.0) == ""
    assert one.judge(answers("a", 9, 0), 101.0) == ""
    told = "in backend a 11 of 21 answers have a status from 500 on, which is more than 5 %"
    assert one.judge(answers("a", 20, 10), 102.0) == told


def test_a_process_that_does_not_answer_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[Row]:
        raise RuntimeFailed("nobody there")

    monkeypatch.setattr("dataplane_plugins.changes.confirm.gate.read_rows", refuse)
    one = watch(min_up=1.0, window=0.0)
    assert one.look() == "HAProxy cannot be asked: nobody there, for 0 s"
