"""Users with hashed and plain passwords, and without any."""

import pytest

from dataplane_plugins.configuration.sections.userlists import GROUP, USER
from tests.configuration.support import read, rewritten, written

HASH = "$6$k6y3o.eP$JlKBx9za"


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (f"user a password {HASH}", {"secure_password": True, "password": HASH}),
        ("user a insecure-password b", {"secure_password": False, "password": "b"}),
        ("user a password b groups c,d", {"secure_password": True, "password": "b", "groups": "c,d"}),
        ("user a groups c password b", {"secure_password": True, "password": "b", "groups": "c"}),
        ("user a groups c", {"secure_password": True, "groups": "c"}),
        ("user a", {"secure_password": True}),
    ],
)
def test_a_user(line, values):
    assert read(USER, line) == {"username": "a", **values}


def test_a_password_changes_its_kind():
    line = f"user a password {HASH} groups c"
    after = rewritten(USER, line, password="plain", secure_password=False)
    assert after == "user a insecure-password plain groups c"


def test_a_new_user_and_group():
    assert written(USER, username="a", password="b", secure_password=False) == "user a insecure-password b"
    assert written(GROUP, name="g", users="a,b") == "group g users a,b"
