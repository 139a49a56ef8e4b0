"""Whose passwords are not looked at for a while, and who is never slowed down."""

import pytest

from dataplane_core.auth.brake import Brake
from dataplane_core.errors import TooMany, Unauthorized
from dataplane_core.settings import UserSettings
from tests.auth.test_authenticator import basic, refused, with_users


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def brake(clock):
    made = Brake(5)
    made._clock = lambda: clock[0]
    return made


def is_braked(brake, name, address, digest=b"?"):
    try:
        brake.check(name, address, digest)
    except TooMany as error:
        assert error.retry_after >= 1
        return True
    return False


def test_a_user_at_an_address(brake, clock):
    for _ in range(5):
        assert not is_braked(brake, "a", "192.0.2.1")
        brake.wrong("a", "192.0.2.1")
    assert is_braked(brake, "a", "192.0.2.1")
    assert not is_braked(brake, "a", "192.0.2.2")  # the right one, elsewhere
    assert not is_braked(brake, "b", "192.0.2.1")  # and another one behind the same proxy
    clock[0] += 12.1  # a fifth of a minute
    assert not is_braked(brake, "a", "192.0.2.1")
    brake.wrong("a", "192.0.2.1")
    assert is_braked(brake, "a", "192.0.2.1")


def test_an_address_with_many_names(brake):
    for number in range(50):
        assert not is_braked(brake, f"n{number}", "192.0.2.1")
        brake.wrong(f"n{number}", "192.0.2.1")
    assert is_braked(brake, "new", "192.0.2.1")
    assert not is_braked(brake, "new", "192.0.2.2")


def test_what_was_right_once_is_never_braked(brake):
    brake.right(b"mine")
    for _ in range(99):
        brake.wrong("a", "192.0.2.1")
    assert is_braked(brake, "a", "192.0.2.1", b"other")
    assert not is_braked(brake, "a", "192.0.2.1", b"mine")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True), ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True), ("fe80::1%eth0", "fe80::1", True), ("pipe", "pipe", True),
    ],
)  # fmt: skip
def test_what_one_address_is(brake, one, other, same):
    for _ in range(5):
        brake.wrong("a", one)
    assert is_braked(brake, "a", other) is same


def test_without_a_limit_or_an_address_nobody_is(brake):
    for _ in range(99):
        brake.wrong("a", "")
    assert not is_braked(brake, "a", "")
    assert not brake.is_doubted("")
    none = Brake(0)
    for _ in range(99):
        none.wrong("a", "192.0.2.1")
    assert not is_braked(none, "a", "192.0.2.1")


def test_strangers_do_not_fill_the_memory(brake):
    for number in range(20_000):
        brake.wrong(f"n{number}", f"10.0.{number % 200}.{number % 250}")
        brake.right(number.to_bytes(4, "big"))
    assert len(brake._measures) <= 8192
    assert len(brake._right) <= 4096


def test_passwords_by_the_door():
    """Known and unknown names alike; the one who has logged in stays in; so does one at another address."""
    subject = with_users(UserSettings("a", "right", insecure=True), **{"dataplane.password_tries": 3, "dataplane.credential_ttl": 0.0})
    assert subject.admit(basic("a", "right"), None, "http", "192.0.2.1").identity.name == "a"
    for name in ("a", "nobody"):
        for _ in range(3):
            with pytest.raises(Unauthorized):
                subject.admit(basic(name, "wrong"), None, "http", "192.0.2.1")
        with pytest.raises(TooMany):
            subject.admit(basic(name, "wrong"), None, "http", "192.0.2.1")
    assert subject.admit(basic("a", "right"), None, "http", "192.0.2.1").identity.name == "a"
    assert subject.admit(basic("a", "right"), None, "https", "192.0.2.9").identity.name == "a"
    for _ in range(9):
        refused(subject, basic("a", "wrong"), "unix")
