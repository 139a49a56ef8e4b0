"""What no declaration knows is shown, kept, and ignored in a body."""

import pytest

from tests.laws.support import Everything

TEXT = """\
global
  daemon
  future.setting 5   # not yet

backend b
  mode http
  balance bogus
  frobnicate x 'y z'
  .if feature(X)
  server s 127.0.0.1:1 weight 5 futureword check
  .endif
  server broken 'open
  server t 127.0.0.1:2
"""


@pytest.fixture
def api(tmp_path):
    return Everything(tmp_path, TEXT)


def test_unknown_lines_of_a_section_are_shown(api):
    assert api.get("global")["x_unmanaged"] == ["future.setting 5   # not yet"]
    shown = api.get("backends/b")["x_unmanaged"]
    assert shown == ["balance bogus", "frobnicate x 'y z'", "server broken 'open"]


def test_unknown_words_of_a_row_are_shown(api):
    known, plain = api.get("servers", backend="b")
    assert known["x_unmanaged"] == ["futureword"]
    assert "x_unmanaged" not in plain


def test_what_get_returned_can_be_put(api):
    before = api.text
    for path, query in (("global", {}), ("backends/b", {}), ("servers/s", {"backend": "b"})):
        api.change("PUT", path, api.get(path, **query), **query)
        assert api.text == before
    changed = {**api.get("servers/s", backend="b"), "weight": 6, "x_unmanaged": ["evil", "words"]}
    api.change("PUT", "servers/s", changed, backend="b")
    assert api.text == before.replace("weight 5", "weight 6")
