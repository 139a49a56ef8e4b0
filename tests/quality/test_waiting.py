"""No test hangs on how fast the machine is: they wait for conditions, with one patience."""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CLOCKS = {"monotonic", "perf_counter", "time"}
WAITS = {"wait", "join", "result", "communicate"}
LEAST = 30.0
"""Seconds of a limit that a busy machine does not reach."""
SLOW_BY_DESIGN = {
    "harness/waiting.py",  # the one place that waits
    "server/trivial.py",  # a server that is slow to start, to fork and to answer
    "discovery/consul.py",  # a Consul that is late
    "runtime/test_map_sync.py",  # a HAProxy whose dump takes its time
    "haproxy/test_runtime.py",  # sockets that trickle, and a commit that takes long
    "haproxy/test_runtime_answers.py",  # a socket that drips
    "torture/cycles.py",  # kills a server at some moment
    "torture/clients.py",  # asks again in a while
    "fleet/proof/rounds.py",  # has members in trouble for a while
    "fleet/proof/size.py",  # looks at members that idle
}
MEASURE = {"bench"}
"""Folders that measure times, and say nothing of right and wrong."""


@cache
def sources() -> dict[str, ast.Module]:
    """All modules of tests; not at the top of this one, which every process of a run imports."""
    names = {path.relative_to(TESTS).as_posix(): path for path in sorted(TESTS.rglob("*.py"))}
    return {
        name: ast.parse(path.read_text("utf-8"), name)
        for name, path in names.items()
        if name.split("/")[0] not in MEASURE
    }


def called(node: ast.AST) -> str:
    """The last part of the name that a call has: `sleep` of `time.sleep(1)`."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def told(name: str, node: ast.AST) -> str:
    return f"tests/{name}:{getattr(node, 'lineno', '?')}"


def measured(node: ast.AST) -> bool:
    """Whether something is the time since a moment."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and called(node.left) in CLOCKS


def short(node: ast.expr | None) -> bool:
    """Whether a limit is so many seconds as a busy machine may need."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value < LEAST


def test_nothing_sleeps_and_then_looks() -> None:
    sleeping = [
        told(name, node)
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if called(node) == "sleep" and name not in SLOW_BY_DESIGN
    ]
    assert sleeping == []


def test_nothing_has_to_be_done_within_seconds() -> None:
    held = [
        told(name, node)
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and name not in SLOW_BY_DESIGN
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False)
        if (measured(left) and isinstance(operator, ast.Lt | ast.LtE))
        or (measured(right) and isinstance(operator, ast.Gt | ast.GtE))
    ]
    assert held == []


def test_nobody_is_waited_for_for_a_moment_alone() -> None:
    hasty = []
    for name, tree in sources().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or name in SLOW_BY_DESIGN:
                continue
            limits = [one.value for one in node.keywords if one.arg == "timeout"]
            limits += node.args[:1] if called(node) in WAITS else []
            hasty += [told(name, node) for limit in limits if short(limit)]
    assert hasty == []


def test_hypothesis_has_one_profile() -> None:
    own = [
        told(name, node)
        for name, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "deadline" and name != "conftest.py"
    ]
    assert own == []


@pytest.mark.parametrize("name", sorted(SLOW_BY_DESIGN))
def test_what_is_excepted_is_there(name: str) -> None:
    assert any(called(node) == "sleep" for node in ast.walk(sources()[name]))
