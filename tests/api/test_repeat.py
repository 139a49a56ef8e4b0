"""Which answers a server may repeat without asking, and what ends that."""

import os
import time
from types import SimpleNamespace

import pytest
from falcon import testing

from dataplane_core import impl
from dataplane_core.auth import Identity
from dataplane_core.settings import UserSettings
from tests.api.support import CONFIGURATION, TEXT, TRANSACTIONS
from tests.harness.memory import Remembering

USERLIST = "\nuserlist api\n  user admin insecure-password {}\n  user eve insecure-password other\n"


@pytest.fixture
def remember(make_api):
    """An application behind what repeats its answers."""

    def make(*arguments, **named):
        api = make_api(*arguments, **named)
        api.memory = Remembering(api.app)
        api.client = testing.TestClient(api.memory)
        return api

    return make


def repeats(api, path, **more):
    """Whether the last of three equal GETs is repeated, after the file is no longer doubtful."""
    rest(api)
    for _ in range(2):
        first = api.call("GET", path, **more)
    before = api.memory.repeated
    last = api.call("GET", path, **more)
    assert last.content == first.content
    return api.memory.repeated > before


def rest(api):
    """Make the file old enough for its times to tell edits apart."""
    status = os.stat(api.file)
    os.utime(api.file, ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))


def test_what_depends_on_the_configuration_alone_is_repeated(remember):
    api = remember()
    for path in ("version", "raw", "backends", "backends/be1", "global", "/v2/specification", "/v2/info",
                 "/v3/services/haproxy/configuration/version", "/v3/specification_openapiv3",
                 "/v2/", f"{CONFIGURATION}/", "//backends//"):  # fmt: skip
        assert repeats(api, path), path
    assert repeats(api, "keepers", backend="be1")
    assert repeats(api, "keepers/k1", backend="be1")


def test_everything_else_is_not(remember):
    api = remember(dataplaneapi__show_system_info=True)
    for path in (TRANSACTIONS, "/v2/health", "/v2/services/haproxy/reloads", "/v2/info",
                 "backends/none", "/v2/none"):  # fmt: skip
        assert not repeats(api, path), path
    assert not repeats(api, "backends", user="admin:wrong")
    assert not repeats(api, "backends", user=None)
    assert not repeats(api, "backends", headers={"Accept": "text/html"})
    begun = api.call("POST", TRANSACTIONS, version=api.version).json["id"]
    for path in ("version", "backends", "/v2/specification"):
        assert not repeats(api, path, transaction_id=begun)
        assert repeats(api, path, transaction_id="")


def test_every_answer_has_the_identifier_of_its_request(remember):
    api = remember()
    rest(api)
    shown = [api.call("GET", "version", headers={"X-Request-ID": name}).headers["x-request-id"]
             for name in ("a", "b", "c", "of two words")]  # fmt: skip
    assert shown[:3] == ["a", "b", "c"]
    assert len(shown[3]) == 16
    assert api.memory.repeated


def test_callers_are_counted_all_the_same(remember):
    api = remember()
    rest(api)
    for _ in range(5):
        api.call("GET", "version", headers={"User-Agent": "one/1"})
    assert api.memory.repeated
    api.app.services.callers.save()
    (caller,) = api.app.services.callers.recorded()
    assert (caller.user, caller.agent, caller.requests) == ("admin", "one/1", 5)


def test_an_edit_by_hand_ends_it(remember):
    api = remember()
    assert repeats(api, "backends")
    api.file.write_text(TEXT + "\nbackend be2\n")
    assert "be2" in api.call("GET", "backends").text
    assert repeats(api, "backends")
    api.file.write_text(TEXT + "\nbackend be3\n")  # the same length, maybe in the same tick
    assert "be3" in api.call("GET", "backends").text


def test_a_commit_ends_it(remember):
    api = remember()
    assert repeats(api, "version")
    api.change("POST", "backends", {"name": "be2"})
    assert api.call("GET", "version").json == 2


def test_a_file_that_is_gone_ends_it(remember):
    api = remember()
    assert repeats(api, "version")
    api.file.unlink()
    assert api.call("GET", "version").status_code == 500


def test_a_user_of_the_settings_is_known_for_as_long_as_the_settings_say(remember):
    user = (UserSettings("admin", "pw", True),)
    api = remember(dataplaneapi__user=user, dataplane__credential_ttl=0.0)
    assert not repeats(api, "version")


def test_credentials_that_expire_are_verified_again(remember, monkeypatch):
    api = remember()
    assert repeats(api, "version")
    later = time.monotonic() + 10**6
    monkeypatch.setattr("time.monotonic", lambda: later)
    before = api.memory.repeated
    assert api.call("GET", "version").status_code == 200
    assert api.memory.repeated == before


@pytest.mark.parametrize("own_file", [False, True])
def test_a_changed_password_ends_it(remember, tmp_path, own_file):
    place, start = tmp_path / "haproxy.cfg", TEXT
    more = {"dataplaneapi__user": (), "dataplaneapi__userlist__userlist": "api"}
    if own_file:
        place, start = tmp_path / "users", ""
        more["dataplaneapi__userlist__userlist_file"] = str(place)
        place.write_text(USERLIST.format("pw"))
    api = remember(TEXT if own_file else TEXT + USERLIST.format("pw"), **more)
    assert repeats(api, "version")
    assert repeats(api, "version", user="eve:other")
    place.write_text(start + USERLIST.format("new"))
    assert api.call("GET", "version").status_code == 401
    assert repeats(api, "version", user="admin:new")
    assert repeats(api, "version", user="eve:other")
    place.write_text(start)
    assert api.call("GET", "version", user="eve:other").status_code == 401


@impl
def dataplane_authorize(identity, operation):
    return None


@impl
def dataplane_authenticate(req):
    return Identity("somebody")


@pytest.mark.parametrize(
    "plugin",
    [
        SimpleNamespace(__name__="guard", dataplane_authorize=dataplane_authorize),
        SimpleNamespace(__name__="door", dataplane_authenticate=dataplane_authenticate),
    ],
)
def test_where_plugins_decide_each_request_is_theirs(remember, plugin):
    assert not repeats(remember(plugins=[plugin]), "version")
