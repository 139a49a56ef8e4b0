"""Sessions on a state that several workers share, with a clock that the tests set."""

import hashlib
import threading
import time

import pytest

from dataplane_core.auth import Authenticator, Session, Sessions, authenticator
from dataplane_core.auth.session_cookie import read_cookie, write_cookie
from dataplane_core.auth.sessions import GRACE, MOST_SESSIONS, ROTATION
from dataplane_core.errors import StorageFailed, Unauthorized
from dataplane_core.settings import Settings, UserSettings
from dataplane_core.store import State
from dataplane_core.text import Document
from dataplane_core.text.language import Language

IDLE, LIFETIME = 1800.0, 43200.0
START = 1_000_000.0
NOTHING = Document.parse("", Language({"userlist"}))


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def state(tmp_path):
    return State(tmp_path)


@pytest.fixture
def worker(state, clock):
    """Makes the sessions of one more worker, with users that may be other ones."""

    def make(**passwords):
        users = tuple(UserSettings(name, word, True) for name, word in (passwords or {"ann": "pw", "bob": "pw"}).items())
        settings = Settings.default().replace(**{"dataplaneapi.user": users})
        made = Sessions(state, Authenticator(settings, lambda: NOTHING), IDLE, LIFETIME)
        made._clock = clock
        return made

    return make


def begin(sessions, name="ann", former=""):
    session = sessions.begin(name, b"pw", former)
    return session, session.new_token


def used_until(sessions, clock, token, moment):
    """Use a session often until a moment, and return the token that it has then."""
    while clock.now < moment:
        clock.now = min(clock.now + IDLE / 2, moment)
        session = sessions.admit(token)
        token = session.new_token or token
    return token


def test_a_session_is_known_in_all_workers(worker):
    one, two = worker(), worker()
    session, token = begin(one)
    assert len(token) == 43
    for sessions in (one, two):
        found = sessions.admit(token)
        assert (found.number, found.new_token) == (session.number, "")
        assert (found.admission.identity.name, found.admission.identity.method) == ("ann", "session")
        assert sessions.admit(token) is found
        assert found.admission.holds(NOTHING)
    assert one.admit("x" * 43) is None


def test_a_wrong_password_and_an_unknown_user_cost_the_same_and_begin_nothing(worker, monkeypatch, state):
    asked = []
    verify = authenticator.verify
    monkeypatch.setattr(authenticator, "verify", lambda *given: asked.append(given) or verify(*given))
    sessions = worker()
    for name in ("ann", "nobody", ""):
        with pytest.raises(Unauthorized) as refused:
            sessions.begin(name, b"wrong")
        assert str(refused.value) == authenticator.MESSAGE
    assert len(asked) == 3
    assert state.read("SELECT * FROM sessions") == []


def test_the_state_has_no_token_and_no_password(worker, state, clock):
    sessions = worker(ann="pw-of-ann")
    token = sessions.begin("ann", b"pw-of-ann").new_token
    clock.now += ROTATION
    new = sessions.admit(token).new_token
    (row,) = state.read("SELECT * FROM sessions")
    assert (row["current"], row["former"]) == tuple(hashlib.sha256(one.encode()).hexdigest() for one in (new, token))
    kept = b"".join(path.read_bytes() for path in state.directory.iterdir())
    for secret in (token, new, "pw-of-ann"):
        assert secret.encode() not in kept


def test_it_ends_when_it_is_idle(worker, clock):
    one, two = worker(), worker()
    _, token = begin(one)
    clock.now += IDLE - 1
    token = one.admit(token).new_token
    one.save()
    clock.now += IDLE - 1
    token = two.admit(token).new_token
    assert token
    clock.now += IDLE
    assert two.admit(token) is None
    assert one.admit(token) is None


def test_uses_that_need_no_look_are_uses_too(worker, clock):
    sessions = worker()
    _, token = begin(sessions)
    found = sessions.admit(token)
    clock.now += ROTATION - 1
    assert found.admission.holds(NOTHING)
    clock.now += IDLE - 1
    assert sessions.admit(token).new_token


def test_what_was_used_is_saved_while_the_state_fails(worker, clock, monkeypatch):
    one, two = worker(), worker()
    _, token = begin(one)
    clock.now += ROTATION - 1
    one.admit(token)

    def fails(*_):
        raise StorageFailed("full")

    with monkeypatch.context() as broken:
        broken.setattr(one._table, "note_uses", fails)
        one.save()
    one.save()
    clock.now += IDLE - 1
    assert two.admit(token) is not None


def test_it_ends_after_its_lifetime_however_often_it_is_used(worker, clock):
    sessions = worker()
    session, token = begin(sessions)
    assert session.ends == START + LIFETIME
    token = used_until(sessions, clock, token, START + LIFETIME - 1)
    found = sessions.admit(token)
    assert found.ends == START + LIFETIME
    clock.now += 1
    assert not found.admission.holds(NOTHING)
    assert sessions.admit(found.new_token or token) is None


def test_expired_rows_are_removed(worker, clock, state):
    sessions = worker()
    begin(sessions)
    _, token = begin(sessions, "bob")
    clock.now += IDLE + 61
    sessions.save()
    assert state.read("SELECT * FROM sessions") == []
    begin(sessions)
    clock.now += LIFETIME
    begin(sessions, "bob")
    assert [row["user"] for row in state.read("SELECT user FROM sessions")] == [b"bob"]


def test_a_token_is_replaced_and_the_former_one_is_good_for_a_minute(worker, clock):
    one, two = worker(), worker()
    session, old = begin(one)
    one.admit(old), two.admit(old)
    clock.now += ROTATION
    rotated = one.admit(old)
    new = rotated.new_token
    assert new not in ("", old)
    assert rotated.number == session.number
    for sessions in (two, one):  # requests under way are told the same token
        assert sessions.admit(old).new_token == new
        assert sessions.admit(new).new_token == ""
    clock.now += GRACE - 1
    assert two.admit(old).new_token == new
    clock.now += 1
    assert two.admit(old) is None
    assert one.admit(old) is None
    assert one.admit(new) is not None


def test_a_token_before_the_former_one_is_good_for_nothing(worker, clock):
    sessions = worker()
    _, first = begin(sessions)
    clock.now += ROTATION
    second = sessions.admit(first).new_token
    clock.now += ROTATION
    third = sessions.admit(second).new_token
    assert sessions.admit(first) is None
    assert sessions.admit(third) is not None


def test_two_requests_that_rotate_at_once_agree(worker, clock, monkeypatch):
    one, two = worker(), worker()
    _, token = begin(one)
    clock.now += ROTATION
    told = []
    rotate = one._table.rotate

    def overtaken(*given):
        told.append(two.admit(token).new_token)
        return rotate(*given)

    monkeypatch.setattr(one._table, "rotate", overtaken)
    assert one.admit(token).new_token == told[0] != ""


def test_where_the_state_fails_the_token_stays(worker, clock, monkeypatch):
    sessions = worker()
    _, token = begin(sessions)
    clock.now += ROTATION

    def fails(*_):
        raise StorageFailed("full")

    monkeypatch.setattr(sessions._table, "rotate", fails)
    assert sessions.admit(token).new_token == ""


def test_an_answer_with_a_new_token_is_not_given_again(worker, clock):
    sessions = worker()
    session, token = begin(sessions)
    assert not session.admission.holds(NOTHING)
    clock.now += ROTATION
    rotated = sessions.admit(token)
    assert not rotated.admission.holds(NOTHING)
    assert not sessions.admit(token).admission.holds(NOTHING)


def test_a_log_out_holds_in_all_workers_at_once(worker):
    one, two = worker(), worker()
    _, token = begin(one)
    _, other = begin(one)
    here, there = one.admit(token), two.admit(token)
    stays = two.admit(other)
    assert two.lives(there)
    one.end(here)
    for sessions, found in ((one, here), (two, there)):
        assert not found.admission.holds(NOTHING)
        assert sessions.admit(token) is None
        assert not sessions.lives(found)
    assert two.admit(other).number == stays.number


def test_a_log_out_everywhere_ends_the_sessions_of_one_user(worker):
    one, two = worker(), worker()
    tokens = [begin(one)[1] for _ in range(3)]
    _, of_bob = begin(two, "bob")
    assert all(two.admit(token) for token in tokens)
    one.end_all("ann")
    assert not any(sessions.admit(token) for sessions in (one, two) for token in tokens)
    assert one.admit(of_bob) and two.admit(of_bob)


def test_the_oldest_of_too_many_ends(worker):
    one, two = worker(), worker()
    tokens = [begin(one)[1] for _ in range(MOST_SESSIONS)]
    _, of_bob = begin(one, "bob")
    assert all(two.admit(token) for token in tokens)
    _, new = begin(one)
    assert two.admit(tokens[0]) is None
    assert all(two.admit(token) for token in (*tokens[1:], new, of_bob))


def test_a_log_in_takes_another_token_and_ends_the_session_that_was(worker):
    one, two = worker(), worker()
    _, planted = begin(one, "bob")
    _, token = begin(one, "ann", planted)
    assert token != planted
    assert two.admit(planted) is None
    assert two.admit(token).admission.identity.name == "ann"
    _, unknown = begin(one, "ann", "x" * 43)
    assert unknown != "x" * 43


@pytest.mark.parametrize("users", [{"ann": "other", "bob": "pw"}, {"bob": "pw"}])
def test_a_changed_password_or_a_removed_user_ends_it(worker, users):
    before, after = worker(), worker(**users)
    _, token = begin(before)
    _, of_bob = begin(before, "bob")
    session = before.admit(token)
    assert not after.lives(session)
    assert after.admit(token) is None
    assert after.admit(of_bob) is not None
    assert before.admit(token) is None  # it does not come back with the password


def test_the_same_word_as_a_hash_is_another_password(state, clock, worker):
    _, token = begin(worker())
    settings = Settings.default().replace(**{"dataplaneapi.user": (UserSettings("ann", "pw"),)})
    hashed = Sessions(state, Authenticator(settings, lambda: NOTHING), IDLE, LIFETIME)
    hashed._clock = clock
    assert hashed.admit(token) is None


def test_users_of_a_userlist_are_looked_at_as_they_are_now(state, clock):
    language = Language({"userlist"})
    text = "userlist controller\n  user ann insecure-password {}\n"
    documents = [Document.parse(text.format("pw"), language)]
    sessions = Sessions(state, Authenticator(Settings.default(), lambda: documents[-1]), IDLE, LIFETIME)
    sessions._clock = clock
    _, token = begin(sessions)
    found = sessions.admit(token)
    assert found.admission.holds(documents[0])
    documents.append(Document.parse("# more\n" + text.format("pw"), language))
    assert not found.admission.holds(documents[-1])  # it has to be looked at
    again = sessions.admit(token)
    assert again.admission.holds(documents[-1])
    documents.append(Document.parse(text.format("new"), language))
    assert sessions.admit(token) is None


def test_names_of_any_bytes(worker):
    sessions = worker(**{"a\udcffb": "pw"})
    _, token = begin(sessions, "a\udcffb")
    assert sessions.admit(token).admission.identity.name == "a\udcffb"
    sessions.end_all("a\udcffb")
    assert sessions.admit(token) is None


def test_a_session_that_is_known_costs_no_statement(worker, state, monkeypatch):
    sessions = worker()
    _, token = begin(sessions)
    found = sessions.admit(token)
    read = []
    monkeypatch.setattr(State, "read", lambda *given: read.append(given))
    for _ in range(10):
        assert sessions.admit(token) is found
        assert found.admission.holds(NOTHING)
    assert read == []


def test_it_saves_until_it_is_stopped(worker, state):
    sessions = worker()
    stop = threading.Event()
    session, token = begin(sessions)
    sessions.admit(token)
    sessions._clock.now += 5  # type: ignore[attr-defined]
    sessions.admit(token)
    stop.set()
    sessions.run(stop)
    assert [row["seen"] for row in state.read("SELECT seen FROM sessions")] == [START + 5]
    assert isinstance(session, Session)


TOKEN = "Ab-_" * 10 + "xyz"


@pytest.mark.parametrize(
    ("header", "token"),
    [(None, ""), ("", ""), (f"dataplane_session={TOKEN}", TOKEN), (f"a=b;dataplane_session={TOKEN} ; c", TOKEN),
     (f"x_dataplane_session={TOKEN}", ""), (f"dataplane_session={TOKEN}x", ""), ("dataplane_session=", ""),
     (f"dataplane_session={TOKEN}; dataplane_session={'y' * 43}", ""), (f'dataplane_session="{TOKEN}"', ""),
     (f"a=b, dataplane_session={TOKEN}", TOKEN), (f"dataplane_session={'é' * 43}", "")],
)  # fmt: skip
def test_a_token_is_read_from_a_cookie_that_is_one(header, token):
    assert read_cookie(header) == token


def test_the_cookie_that_is_written():
    assert write_cookie("t", False) == "dataplane_session=t; Path=/; HttpOnly; SameSite=Strict"
    assert write_cookie("t", True) == "dataplane_session=t; Path=/; HttpOnly; SameSite=Strict; Secure"
    assert write_cookie("", False) == "dataplane_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"


@pytest.mark.parametrize("years", [-10, 10])
def test_who_sets_the_clock_ends_no_session_and_keeps_none(state, monkeypatch, years):
    users = (UserSettings("ann", "pw", True),)
    authenticator = Authenticator(Settings.default().replace(**{"dataplaneapi.user": users}), lambda: NOTHING)
    sessions = Sessions(state, authenticator, IDLE, LIFETIME)
    session, token = begin(sessions)
    wall = time.time()
    assert abs(session.expires - wall - LIFETIME) < 60
    monkeypatch.setattr(time, "time", lambda: wall + years * 365 * 86400)
    for one in (sessions, Sessions(state, authenticator, IDLE, LIFETIME)):
        found = one.admit(token)
        assert found is not None and one.lives(found)
        assert abs(found.expires - time.time() - LIFETIME) < 60, "by the clock that it is told by"
    monkeypatch.setattr(state, "ahead", state.ahead + IDLE + 1)
    assert sessions.admit(token) is None, "and it ends in its time"


def test_one_that_another_clock_began_ends(state, clock, worker):
    _, token = begin(worker())
    clock.now -= 10 * 365 * 86400  # the machine was started again, with another year
    assert worker().admit(token) is None
