"""Tokens of programs: who has one, until when, and what the state knows of it."""

import pytest

from dataplane_core.auth import Role, Tokens
from dataplane_core.auth.tokens import digest_of_token, new_secret
from dataplane_core.errors import AlreadyExists, Conflict, NotFound, Unauthorized
from dataplane_core.settings import Settings, TokenSettings
from dataplane_core.settings.rules import broken_rules
from dataplane_core.store import State


@pytest.fixture
def state(tmp_path):
    made = State(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def tokens(state):
    made = Tokens(state)
    made._clock = lambda: 1000.0
    return made


def test_a_token_is_known_in_all_workers_until_it_is_revoked(state, tokens):
    token, secret = tokens.make("ci", "editor", ("/info",), 60, "ann")
    other = Tokens(state)
    other._clock = lambda: 1059.0
    for subject in (tokens, other):
        identity = subject.admit(f"bearer {secret} ").identity
        assert (identity.name, identity.method, identity.role, identity.paths) == ("ci", "token", Role.EDITOR, ("/info",))
    assert other.all() == [token]
    tokens.revoke("ci")
    with pytest.raises(Unauthorized):
        other.admit(f"Bearer {secret}")
    with pytest.raises(NotFound):
        tokens.revoke("ci")


def test_a_token_ends(tokens):
    token, secret = tokens.make("ci", "reader", (), 60, "ann")
    forever, other = tokens.make("monitor", "reader", (), 0, "ann")
    tokens._clock = lambda: 1060.0
    with pytest.raises(Unauthorized):
        tokens.admit(f"Bearer {secret}")
    assert tokens.admit(f"Bearer {other}").identity.name == "monitor"
    assert tokens.is_expired(token)
    assert not tokens.is_expired(forever)
    with pytest.raises(AlreadyExists):
        tokens.make("ci", "admin", (), 0, "eve")


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", "Bearer", "Bearer x", "Bearer dp_short", "dp_" + "x" * 43])
def test_what_is_no_token_of_this_server_is_left_to_others(tokens, header):
    assert tokens.admit(header) is None


def test_the_state_does_not_hold_the_secret(tmp_path, state, tokens):
    _, secret = tokens.make("ci", "admin", (), 0, "ann")
    with pytest.raises(Unauthorized):
        tokens.admit("Bearer dp_" + "x" * 43)
    for file in (tmp_path / "state").rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes()
            assert secret[3:].encode() not in file.read_bytes()


def test_tokens_of_the_settings_are_as_good_and_stay_there(state):
    secret, other = new_secret(), new_secret()
    given = [
        TokenSettings("ci", digest_of_token(secret).upper(), "editor", ("/info/",), "2001-09-09"),
        TokenSettings("old", digest_of_token(other), "admin", (), "1970-01-01T01:00:00+01:00"),
    ]
    subject = Tokens(state, given)
    subject._clock = lambda: 1000.0
    identity = subject.admit(f"Bearer {secret}").identity
    assert (identity.name, identity.method, identity.role, identity.paths) == ("ci", "token", Role.EDITOR, ("/info",))
    assert subject.admit(f"Bearer {other}").identity.name == "old", "the first moment of all stands for none"
    subject._clock = lambda: 1e9  # 2001-09-09 01:46:40
    with pytest.raises(Unauthorized):
        subject.admit(f"Bearer {secret}")
    assert [one.name for one in subject.all()] == ["ci", "old"]
    for change in (lambda: subject.revoke("ci"), lambda: subject.make("ci", "reader", (), 0, "ann")):
        with pytest.raises(Conflict, match="one of the settings"):
            change()
    assert secret not in repr(given) and digest_of_token(secret) not in repr(given)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"name": "a b"}, "name"), ({"name": ""}, "name"), ({"digest": "dp_x"}, "digest"), ({"digest": ""}, "digest"),
        ({"paths": ("info",)}, "paths"), ({"paths": ("/v3/info",)}, "paths"), ({"expires": "soon"}, "expires"),
    ],
)  # fmt: skip
def test_settings_that_are_no_token(values, key):
    token = TokenSettings(**{"name": "ci", "digest": "0" * 64, **values})
    settings = Settings.default().replace(**{"dataplane.token": (token,)})
    assert [one.key for one in broken_rules(settings)] == [f"dataplane.token[0].{key}"]


def test_a_name_is_one_tokens():
    token = TokenSettings("ci", "0" * 64)
    settings = Settings.default().replace(**{"dataplane.token": (token, token)})
    assert [one.key for one in broken_rules(settings)] == ["dataplane.token[1].name"]
