"""Whose passwords are not looked at for a while, and who is never slowed down."""

import os

import pytest

from dataplane_core.auth.brake import Brake
from dataplane_core.auth.shared_measures import SharedMeasures
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
    assert len(brake._measures._memory) == 8192 * 24
    assert len(brake._right) <= 4096


def test_who_tries_at_many_workers_is_braked_as_at_one(brake):
    """What one process counts, those that were forked with it know; a right password writes nothing."""
    for _ in range(4):
        brake.wrong("a", "192.0.2.1")
    child = os.fork()
    if not child:
        known = not is_braked(brake, "a", "192.0.2.1")
        brake.wrong("a", "192.0.2.1")
        os._exit(0 if known and is_braked(brake, "a", "192.0.2.1") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert is_braked(brake, "a", "192.0.2.1")
    before = bytes(brake._measures._memory)
    brake.right(b"mine")
    brake.check("a", "192.0.2.1", b"mine")
    assert bytes(brake._measures._memory) == before


def test_a_table_of_measures_forgets_the_oldest_of_its_neighbours():
    subject = SharedMeasures(64)
    for number in range(9):
        subject.set(64 * (number + 1), float(number), 100.0 + number)
    assert subject.get(64) is None
    assert [subject.get(64 * (number + 1)) for number in range(1, 9)] == [(float(one), 100.0 + one) for one in range(1, 9)]
    subject.set(-5, 1.0, 5.0)
    assert subject.get(-5) == (1.0, 5.0) and subject.get(-6) is None


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
