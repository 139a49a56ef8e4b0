"""A lazy pattern is the compiled one, but for when it is compiled."""

import re

import pytest

from dataplane_core.lazy_pattern import lazy_pattern


def test_a_pattern_is_compiled_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    real = re.compile
    monkeypatch.setattr(re, "compile", lambda text, flags=0: compiled.append(text) or real(text, flags))
    one = lazy_pattern("b+", re.IGNORECASE)
    assert not hasattr(one, "what_no_pattern_has")
    assert not compiled
    match = one.search("aBBa")
    assert match is not None and match[0] == "BB" and compiled == ["b+"]
    assert one.search("aa") is None and compiled == ["b+"]
    assert one.sub("x", "abba") == "axa" and (one.pattern, one.flags) == ("b+", real("b+", re.I).flags)


def test_a_wrong_pattern_fails_with_its_first_use() -> None:
    with pytest.raises(re.error):
        lazy_pattern("(").match("")
