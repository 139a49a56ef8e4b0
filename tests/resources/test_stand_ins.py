"""Stand-ins of secrets: where they stand, and where they may come back."""

import pytest

from dataplane_core.errors import Invalid
from dataplane_core.resources.stand_ins import STAND_IN, StandIns
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections

REGISTRY = register_collections(make_manager())
TEXT = """\
# user old password old-one
global
  daemon
userlist l
  user admin insecure-password admin
  user eve insecure-password "a b"
  # user bob password gone
  user odd password "no end
backend b
  stats auth admin:admin
  server s 192.0.2.1:80 tcp-md5sig admin
  http-check send hdr Authorization "Basic abc" hdr X-Y admin
backend plain
  server s 192.0.2.1:80
"""


@pytest.fixture
def subject():
    return StandIns(REGISTRY, lambda: b"key")


def parsed(text, previous=None):
    return Document.parse(text, REGISTRY.language, previous)


def test_what_is_no_secret_stays_whatever_the_secret_is(subject):
    document = parsed(TEXT)
    shown, mine = subject.document(document), subject.of("admin")
    assert f"  user admin insecure-password {mine}\n" in shown.text()
    assert f"  stats auth admin:{mine}\n" in shown.text()
    assert f"  server s 192.0.2.1:80 tcp-md5sig {mine}\n" in shown.text()
    assert "hdr X-Y admin\n" in shown.text()
    assert not {"old-one", "gone", "a b", "no end", "Basic abc"} & set(STAND_IN.split(shown.text()))
    assert shown.sections[-1] is document.sections[-1], "what has no secrets is shared"
    assert subject.document(document) is shown
    assert subject.of(mine) == mine
    assert StandIns(REGISTRY, lambda: b"other").of("admin") != mine


def test_an_edit_keeps_quotes_and_bytes(subject):
    document = parsed(TEXT)
    shown = subject.document(document)
    edited = parsed(shown.text().replace("user eve", "user  ann").replace("daemon", "nbthread 2"), shown)
    text = subject.restored(document, edited).text()
    assert text == TEXT.replace("user eve", "user  ann").replace("daemon", "nbthread 2")
    gone = parsed(shown.text().replace(f"  stats auth admin:{subject.of('admin')}\n", ""), shown)
    assert subject.restored(document, gone).text() == TEXT.replace("  stats auth admin:admin\n", "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("daemon", "description {}", "description"),  # it would be shown there
        ("daemon", "description x # {}", "description"),
        ("user eve", "user {} insecure-password x\n  user eve", "username"),
        ("daemon", "daemon\n  # {}", "{}"),
        ("backend plain", "backend plain\n  stats auth x:{}", "passwd"),  # a copy
        ("backend plain", "backend plain\n  dynamic-cookie-key {}", "dynamic_cookie_key"),  # of another kind
        ("# user old", "# {} user old", "{}"),
        ("stats auth admin:", "stats auth {}:", "user"),
    ],
)  # fmt: skip
def test_where_no_stand_in_may_come(subject, old, new, said):
    document, mine = parsed(TEXT), subject.of("admin")
    shown = subject.document(document)
    edited = parsed(shown.text().replace(old, new.format(mine)), shown)
    with pytest.raises(Invalid, match="stands for no secret that can be kept there") as caught:
        subject.restored(document, edited)
    assert caught.value.message.startswith(f"{said.format(mine)} in body: {mine} in "), caught.value.message


def test_a_secret_that_went_comes_back_by_no_stand_in(subject):
    document, former = parsed(TEXT), subject.of("a b")
    other = parsed(TEXT.replace('"a b"', "new"), document)
    edited = parsed(subject.document(other).text().replace(subject.of("new"), former))
    with pytest.raises(Invalid, match="password in body"):
        subject.restored(other, edited)
