"""What stored passwords cost to verify, and who is not admitted for that."""

import pytest

from dataplane_core.auth import Authenticator, crypt_library, passwords
from dataplane_core.auth.hash_cost import cost_of, imitation, unusable
from dataplane_core.auth.passwords import StoredPassword
from dataplane_core.settings import Settings, UserSettings
from tests.auth.test_authenticator import HASHES, basic, document, refused, with_users

COSTLY = {
    "sha512": "$6$rounds=999999999$saltsalt$" + "x" * 86,
    "sha256": "$5$rounds=5000000$saltsalt$" + "x" * 43,
    "bcrypt": "$2y$31$" + "a" * 53,
    "yescrypt": "$y$jHT$saltsalt$" + "x" * 43,
    "gost-yescrypt": "$gy$jHT$saltsalt$" + "x" * 43,
    "scrypt": "$7$HU..../....saltsalt$" + "x" * 43,
    "yescrypt with what is not known": "$y$j9T5aaa$saltsalt$" + "x" * 43,
    "rounds that are no number": "$6$rounds=1e9$saltsalt$" + "x" * 86,
}


@pytest.mark.parametrize("scheme", COSTLY)
def test_a_hash_above_the_limit_admits_nobody(scheme, caplog):
    text = f"userlist controller\n  user a password {COSTLY[scheme]}\n  user b insecure-password p\n"
    subject = Authenticator(Settings.default(), lambda: document(text))
    assert set(subject.accounts()) == {"b"}
    assert "the user a is not admitted" in caplog.text
    assert COSTLY[scheme] not in caplog.text
    refused(subject, basic("a", "x"))  # at once
    refused(subject, basic("nobody", "x"))


@pytest.mark.parametrize("scheme", HASHES)
def test_what_is_in_use_is_below_it(scheme):
    assert cost_of(StoredPassword(HASHES[scheme])) < 10_000
    assert set(with_users(UserSettings("a", HASHES[scheme])).accounts()) == {"a"}


def test_the_limit_is_a_setting_and_settings_with_costly_users_alone_admit_nobody():
    user = UserSettings("a", "$6$rounds=6000$saltsalt$" + "x" * 86)
    assert set(with_users(user, **{"dataplane.password_rounds": 6000}).accounts()) == {"a"}
    subject = with_users(user, **{"dataplane.password_rounds": 5999})
    assert subject.accounts() == {}  # and the userlist, which others may write, is not asked
    assert subject.unchanged(document("")) == {}
    assert unusable(StoredPassword(COSTLY["bcrypt"]), 0) == ""


@pytest.mark.parametrize("stored", [*HASHES.values(), "aaXBZr1234567"])
def test_an_imitation_costs_the_same_and_fits_nobody(stored):
    made = imitation(StoredPassword(stored))
    assert made.stored != stored
    assert len(made.stored) == len(stored)
    assert cost_of(made) == cost_of(StoredPassword(stored))
    assert not passwords.verify(b"correct horse", made)
    if crypt_library.verify(b"x", stored) is not None:
        assert crypt_library.verify(b"x", made.stored) is False  # it was verified, not refused


def test_a_plain_password_is_imitated_without_being_shown():
    made = imitation(StoredPassword("secret", True))
    assert made.insecure
    assert not passwords.verify(b"secret", made)
    assert not passwords.verify(b"\0" * 6, made)


@pytest.mark.parametrize("listener", ["http", "https"])
def test_an_empty_password_admits_nobody_over_the_network(listener):
    text = 'userlist controller\n  user a insecure-password ""\n'
    subject = Authenticator(Settings.default(), lambda: document(text))
    refused(subject, basic("a", ""), listener)
    assert subject.admit(basic("a", ""), None, "unix").identity.name == "a"
    refused(subject, basic("a", ""), listener)  # nor by what is remembered
    allowed = Settings.default().replace(**{"dataplane.empty_passwords": True})
    open_to_all = Authenticator(allowed, lambda: document(text))
    assert open_to_all.admit(basic("a", ""), None, listener).identity.name == "a"
