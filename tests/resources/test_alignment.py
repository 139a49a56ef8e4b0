"""Objects that are the same ones, in lists of any length."""

from dataplane_core.resources.alignment import align


class Counted(int):
    """A number that counts how often it is held against another."""

    asked = 0

    def __eq__(self, other: object) -> bool:
        Counted.asked += 1
        return int(self) == other

    __hash__ = int.__hash__


def test_each_of_many_changed_objects_is_held_against_one_other() -> None:
    old = [{"name": "a", "weight": Counted(at), "id": at} for at in range(400)]
    new = [{"name": "b", "weight": Counted(at), "id": at} for at in range(400)]
    assert align(old, new) == [(at, at) for at in range(400)]
    assert Counted.asked <= 800
