"""Who may do what, by their roles: each operation of each version, as the routes have them."""

from collections import Counter

import pytest

from dataplane_core.auth import Identity, Role
from dataplane_core.settings import UserSettings
from tests.api.every_operation import every_operation
from tests.api.support import OWN
from tests.laws.support import Everything

WORDS = ("reader", "operator", "editor", "admin")
USERS = tuple(UserSettings(word, "pw", True, word) for word in WORDS)
SESSION = f"{OWN}/session"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roles")
    return Everything(folder, dataplaneapi__user=USERS, dataplane__audit_file=str(folder / "audit"))


def least(method, path, operation):
    """The rule, as it is written down."""
    if operation.open or operation.granted:
        return Role.READER
    if operation.administers:
        return Role.ADMIN
    if method == "GET" or operation.asks:
        return Role.READER
    return Role.OPERATOR if "/services/haproxy/runtime/" in path else Role.EDITOR


def test_every_operation_for_every_role(api):
    before, refused, permitted = api.text, Counter(), Counter()
    for method, path, operation in every_operation(api):
        found = api.app.guard(method, path)
        assert found is not None, (method, path)
        for word in WORDS:
            role = Role[word.upper()]
            reason = found[0].refusal(Identity(word, role=role), path, {})
            assert (reason is None) is (role >= least(method, path, operation)), (word, method, path, operation.id)
            if reason is None:
                permitted[word] += 1
                continue
            answer = api.call(method, path, raw="x", headers={"Content-Type": "text/plain"}, user=f"{word}:pw")
            assert answer.status_code == 403, (word, method, path, answer.text)
            assert answer.json["message"] == reason
            assert f"{word} has the role {word}" in reason
            refused[word] += 1
    assert api.text == before
    assert not refused["admin"]
    assert refused["reader"] > refused["operator"] > refused["editor"]
    assert refused["reader"] > 500 < permitted["admin"]


def test_who_is_known_and_has_no_role_may_do_nothing(api):
    for method, path, operation in every_operation(api):
        reason = api.app.guard(method, path)[0].refusal(Identity("robot", role=Role.NOBODY), path, {})
        assert (reason is None) is (operation.open or operation.granted)
        assert reason is None or reason.endswith("robot has no role")


def test_a_token_for_some_paths_is_for_no_operation_elsewhere(api):
    """Each operation of each version, whatever names it takes: what is not below a path is refused."""
    mine = "/services/haproxy/configuration/backends/1"
    token = Identity("token", "token", role=Role.ADMIN, paths=(mine,))
    let = 0
    for method, path, operation in every_operation(api):
        reason = api.app.guard(method, path)[0].refusal(token, path, {})
        is_mine = any(path == f"/{one}{mine}" or path.startswith(f"/{one}{mine}/") for one in ("v1", "v2", "v3"))
        assert (reason is None) is (is_mine or operation.open or operation.granted), (method, path)
        let += is_mine
    assert let > 20


def test_refusals_are_in_the_audit_trail(tmp_path):
    fresh = Everything(tmp_path, dataplaneapi__user=USERS, dataplane__audit_file=str(tmp_path / "audit"))
    fresh.call("POST", "/v3/services/haproxy/configuration/backends", {"name": "b"}, user="operator:pw", version=1)
    line = (tmp_path / "audit").read_text("utf-8").splitlines()[-1]
    assert '"operator"' in line
    assert "403" in line
    assert "the role editor" in line


def test_rights_are_told_before_they_are_tried(api):
    def told(user, method, path):
        return api.call("GET", f"{OWN}/rights?method={method}&path={path}", user=f"{user}:pw").json["allowed"]

    for version in ("v1", "v2", "v3"):
        target = f"/{version}/services/haproxy/configuration/backends"
        assert [told(one, "POST", target) for one in WORDS] == [False, False, True, True]
        assert all(told(one, "GET", target) for one in WORDS)
    assert [told(one, "PUT", "/v2/services/haproxy/runtime/servers/s") for one in WORDS] == [False, True, True, True]


def test_a_session_has_the_role_of_its_user(api):
    sent = {"Content-Type": "application/json", "Host": "localhost", "X-Requested-With": "dataplane-page"}
    body = '{"user": "reader", "password": "pw"}'
    begun = api.call("POST", SESSION, raw=body, headers=sent, user=None)
    cookie = begun.headers["set-cookie"].partition(";")[0]
    assert api.call("GET", SESSION, headers={**sent, "Cookie": cookie}, user=None).json["rights"]["change"] is False
    path = "/v3/services/haproxy/configuration/backends"
    assert api.call("GET", path, headers={**sent, "Cookie": cookie}, user=None).status_code == 200
    assert api.call("POST", path, raw="{}", headers={**sent, "Cookie": cookie}, user=None).status_code == 403
    assert api.call("DELETE", SESSION, headers={**sent, "Cookie": cookie}, user=None).status_code == 204


def test_without_roles_all_users_may_do_all_and_the_documents_say_no_403(tmp_path):
    plain = Everything(tmp_path)
    assert plain.app.services.authenticator.has_roles is False
    assert plain.app.services.authenticator.accounts()["admin"].role is Role.ADMIN
