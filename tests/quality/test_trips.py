"""What a request may cost on its way through our code: in calls, and relative to what it touches.

Calls are the same on every machine, so that a detour fails here, however fast it is. `python -m
tests.bench --only trips --against main` shows what a change costs or brings.
"""

from collections.abc import Iterator

import pytest

from tests.bench import files
from tests.bench.trips import Tree, Walked
from tests.harness.recorded import TOP

MORE_SECTIONS = files.Size("ten times the backends of ten servers", 100, 10)
MORE_LINES = files.Size("ten times the servers of one backend", 100, 1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    with Tree(TOP, tmp_path_factory.mktemp("small") / "tree") as tree:
        yield tree


@pytest.fixture(scope="module")
def many_sections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    with Tree(TOP, tmp_path_factory.mktemp("sections") / "tree", size=MORE_SECTIONS) as tree:
        yield tree


@pytest.fixture(scope="module")
def many_lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    with Tree(TOP, tmp_path_factory.mktemp("lines") / "tree", size=MORE_LINES) as tree:
        yield tree


def test_a_second_equal_get_finds_the_answer(small: Tree, many_lines: Tree) -> None:
    again = small.counted("the same again").calls
    assert again * 3 < small.counted("GET of servers").calls
    assert many_lines.counted("the same again").calls == again
    assert again * 10 < many_lines.counted("GET of servers").calls


def test_an_edit_asks_only_the_properties_it_is_given(small: Tree) -> None:
    """A server has a hundred; asking each of them would be seen at once."""
    three = small.counted("POST of a server in a transaction").calls
    nine = small.counted("POST of nine properties").calls
    assert three < 280
    assert nine - three < 6 * 30


@pytest.mark.parametrize(
    "trip", ["POST of a server in a transaction", "PUT of a server", "PUT of a backend"]
)
def test_an_edit_costs_what_it_touches(small: Tree, many_sections: Tree, many_lines: Tree, trip: str) -> None:
    """What was read before, as of other trips, makes a difference of a few calls, and lines make none."""
    alone = small.counted(trip).calls
    assert many_sections.counted(trip).calls - alone <= 9 * 7, "per section that is not edited"
    assert abs(many_lines.counted(trip).calls - alone) < 60, "with 90 more lines of the section that is"


def test_a_commit_never_enters_the_http_interface(small: Tree) -> None:
    walked = small.counted("commit")
    assert walked.into_api == 0
    assert walked.upstairs < 10, "what the store asks through its ports"


def test_a_commit_costs_what_it_touches(small: Tree, many_sections: Tree, many_lines: Tree) -> None:
    alone = small.counted("commit").calls
    assert alone < 950
    assert many_sections.counted("commit").calls - alone <= 9 * 15, "per section that is not edited"
    assert many_lines.counted("commit").calls - alone <= 90 * 12, "per line of the section that is"


def test_what_is_counted_is_told_apart() -> None:
    """A call of the store into the HTTP interface would be seen."""
    pairs = [
        ("dataplane_core.store.commit", "dataplane_core.api.frame", 2),
        ("dataplane_core.store.commit", "dataplane_core.store.files", 5),
        ("dataplane_core.store.commit", "dataplane_core.text.lines", 7),
        ("dataplane_core.api.frame", "dataplane_core.store.commit", 3),
    ]
    walked = Walked(17, 4, pairs, {"api": 2, "store": 5, "text": 7})
    assert (walked.upstairs, walked.into_api) == (2, 2)
