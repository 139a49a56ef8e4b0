"""The judge of what members ran finds what is planted."""

from tests.fleet.proof.order import disorder

COMMITTED = {"base": 0, "one": 1, "two": 2, "three": 3}


def test_versions_may_be_left_out_and_loaded_twice() -> None:
    assert not [*disorder("n1", ["base", "one", "one", "three"], COMMITTED)]


def test_an_older_version_and_a_strange_one_are_told() -> None:
    assert [*disorder("n1", ["two", "one", "three"], COMMITTED)] == ["n1 ran version 1 after 2"]
    assert [*disorder("n1", ["one", "other"], COMMITTED)] == ["n1 ran a text that was never committed: other"]
