"""Our dataclasses do what those of the standard library do, and cost a part of it."""

import dataclasses
from typing import Any

import pytest

from dataplane_core.dataclass import compile_now, dataclass


def made(decorate: Any, **options: bool) -> tuple[type, type]:
    """A class, and one that inherits from it."""

    @decorate(frozen=True, slots=True, **options)
    class Thing:
        name: str
        parts: tuple[int, ...] = ()
        words: dict[str, str] = dataclasses.field(default_factory=dict, compare=False)
        secret: str = dataclasses.field(default="", repr=False)

    @decorate(frozen=True, slots=True, **options)
    class Better(Thing):
        rank: int = 50

    return Thing, Better


OURS, STANDARD = made(dataclass), made(dataclasses.dataclass)
GIVEN: list[dict[str, Any]] = [
    {"name": "a"},
    {"name": "a", "words": {"x": "y"}},
    {"name": "a", "parts": (1,)},
    {"name": "a", "secret": "s"},
    {"name": "b"},
]


@pytest.mark.parametrize("which", [0, 1])
def test_ours_are_equal_hashed_and_shown_as_those_of_the_standard_library(which: int) -> None:
    ours, theirs = ([kinds[which](**given) for given in GIVEN] for kinds in (OURS, STANDARD))
    for at, one in enumerate(ours):
        assert [one == other for other in ours] == [theirs[at] == other for other in theirs]
        assert repr(one) == repr(theirs[at]) and "secret" not in repr(one)
        assert hash(one) == hash(dataclasses.replace(one, words={}))
        assert dataclasses.asdict(one) == dataclasses.asdict(theirs[at])
        assert not hasattr(one, "__dict__")
    assert len(set(ours)) == len(set(theirs)) == 4
    assert OURS[0]("a") != OURS[1]("a") and OURS[0]("a") != ("a", (), "")


def test_a_dataclass_that_changes_cannot_be_hashed() -> None:
    @dataclass(slots=True)
    class Counter:
        count: int

    one = Counter(1)
    one.count = 2
    assert one == Counter(2)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_equality_and_what_is_shown_can_be_left_to_the_class() -> None:
    @dataclass(frozen=True, eq=False, repr=False)
    class Own:
        name: str

        def __repr__(self) -> str:
            return "own"

    one = Own("x")
    assert one == one and one != Own("x") and repr(one) == "own" and len({one, Own("x")}) == 2


def test_classes_share_all_methods_but_one() -> None:
    some, others = made(dataclass), made(dataclass)
    for name in ("__eq__", "__hash__", "__repr__", "__setattr__", "__delattr__"):
        assert getattr(some[0], name) is getattr(others[0], name)
    assert some[0].__init__ is not others[0].__init__


def test_the_initializer_is_compiled_with_the_first_object() -> None:
    kind: Any = made(dataclass)[1]
    stand_in = kind.__init__
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        kind()
    assert kind.__init__ is not stand_in and kind("a", (), {}, "s", 7).rank == 7
    assert kind("a").words is not kind("a").words


def test_what_a_class_says_of_its_initializer_holds() -> None:
    @dataclass(slots=True, kw_only=True)
    class Named:
        first: int
        count: int = dataclasses.field(default=3, init=False)
        rest: list[int] = dataclasses.field(default_factory=list, init=False)

    @dataclass
    class Own:
        first: int

        def __init__(self) -> None:
            self.first = 1

    @dataclass
    class Checked:
        first: int

        def __post_init__(self) -> None:
            self.first += 1

    assert (Named(first=1).count, Named(first=1).rest, Own().first, Checked(1).first) == (3, [], 1, 2)
    with pytest.raises(TypeError):
        Named(1)  # type: ignore[call-arg]


def test_what_is_compiled_now_is_not_compiled_again() -> None:
    thing, better = made(dataclass)
    compile_now(thing)
    compiled = thing.__init__
    assert compiled.__qualname__ == f"{thing.__qualname__}.__init__"
    compile_now(thing, better)
    assert thing.__init__ is compiled
    assert (thing("a"), better("b", rank=1)) == (thing("a"), better("b", rank=1))
