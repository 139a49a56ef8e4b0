"""A few of the properties that `contrib/torture --injection` tries all of."""

from pathlib import Path

import pytest

from tests.torture.injection import HOSTILE, leaves, try_all, with_value


@pytest.mark.parametrize(("version", "only"), [("v3", "v3 servers"), ("v1", "v1 servers")])
def test_no_string_says_more_than_its_property(tmp_path: Path, version: str, only: str) -> None:
    figures = try_all(tmp_path, (version,), only)
    assert figures.breaches == []
    assert figures.counts["taken"] > 0
    assert figures.counts["tried"] == (figures.properties - len(figures.without_baseline)) * len(HOSTILE)


def test_each_string_has_its_place() -> None:
    body = {"a": {"b": ["x", {"c": "y"}]}, "n": 1}
    assert list(leaves(body)) == [("a.b[]", ("a", "b", 0)), ("a.b[].c", ("a", "b", 1, "c"))]
    assert with_value(body, ("a", "b", 0), "z") == {"a": {"b": ["z", {"c": "y"}]}, "n": 1}
