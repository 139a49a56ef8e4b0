"""A few of the faults that `contrib/torture --faults` tries by the thousand."""

from pathlib import Path

import pytest

from tests.harness.server import NO_ANSWER
from tests.torture import strace
from tests.torture.faults import try_kind, wrong_refusal
from tests.torture.short_writes import compiler
from tests.torture.strace import Fault, faults_of

TRACE = """\
10 openat(AT_FDCWD, "/f/a", O_RDONLY) = 3</f/a>
11 openat(AT_FDCWD, "/f/a", O_RDONLY) = 4</f/a>
10 openat(AT_FDCWD, "/lib/a", O_RDONLY) = 3</lib/a>
10 fcntl(3</f/a>, F_SETLK, {l_type=F_UNLCK}) = 0
10 fcntl(3</f/a>, F_SETLK, {l_type=F_WRLCK}) = 0
10 pipe2([5, 6], O_CLOEXEC) = 0
"""


def test_the_calls_of_each_thread_are_counted_for_itself() -> None:
    found = {(fault.call, fault.when) for fault in faults_of(TRACE, ["/f"])}
    assert found == {("openat", 1), ("fcntl", 2), ("pipe2", 1)}
    assert list(faults_of(TRACE, ["/f"], ["EROFS"])) == [Fault("openat", "EROFS", 1)]


def test_a_short_write_says_that_nothing_was_written() -> None:
    assert Fault("write", "short", 3).arguments[-1] == "inject=write:retval=0:when=3"
    assert Fault("fsync", "EIO", 1).arguments[-1] == "inject=fsync:error=EIO:when=1"


def test_a_refused_start_ends_and_says_why() -> None:
    told = b"haproxy.cfg cannot be read\n"
    assert wrong_refusal("the server has ended:\n", told) == []
    assert wrong_refusal("the server has ended:\n", b" \n") == ["a start ended without a word"]
    assert "trace" in wrong_refusal("the server has ended:\n", b"Traceback (most recent call last)")[0]
    assert "neither serves nor ends" in wrong_refusal(f"{NO_ANSWER}:\n", told)[0]


@pytest.mark.server
@pytest.mark.skipif(bool(strace.missing()), reason=strace.missing())
@pytest.mark.parametrize("kind", ["transaction"])
def test_answers_stay_true_while_calls_fail(tmp_path: Path, kind: str) -> None:
    figures = try_kind(tmp_path, kind, most=6, seed=4, errors=("EINTR", "short"))
    assert figures.problems == []
    assert figures.faults == (12 if compiler() else 6)
    assert figures.counts["short writes"] == (6 if compiler() else 0)
