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


MINE = "/services/haproxy/configuration/backends/1"
BY_QUERY = ({"backend": "1"}, {"parent_type": "backend", "parent_name": "1"})
OTHERS = (
    {"backend": "2"}, {"parent_type": "backend", "parent_name": "2"}, {"parent_type": "frontend", "parent_name": "1"}, {},
    {"parent_name": "1"}, {"parent_type": "backend"}, {"backend": "1/x"}, {"backend": ["2", "1"]}, {"parent_type": "x", "parent_name": "1"},
    {"backend": "2", "parent_type": "backend", "parent_name": "1"}, {"frontend": "1"},
)  # fmt: skip


def test_a_token_for_a_backend_reaches_its_rows_by_the_query(api):
    """In versions 1 and 2: the section counts that the operation itself would find by its query."""
    token, rows, let = Identity("token", "token", paths=(MINE,)), 0, Counter()
    for method, path, operation in every_operation(api):
        if not path.startswith(("/v1/services/haproxy/configuration/", "/v2/services/haproxy/configuration/")):
            continue
        guard, names = api.app.guard(method, path)[0], {one.name for one in operation.parameters if one.where == "query"}
        if not names & {"backend", "parent_type"} or f"{MINE}" in path:
            continue
        rows += 1
        for query in BY_QUERY:
            can = set(query) <= names and _takes(operation, query)
            assert (guard.refusal(token, path, query) is None) is can, (method, path, query)
            let[method] += can
        for query in OTHERS:
            if len(query) == 3 and "backend" not in names:
                continue  # it is not asked for, and says nothing
            assert guard.refusal(token, path, query), (method, path, query)
    assert rows > 100 < sum(let.values())
    assert {"GET", "POST", "PUT", "DELETE"} <= let.keys()


def _takes(operation, query):
    kinds = next((one.enum for one in operation.parameters if one.name == "parent_type"), ())
    return query.get("parent_type", "backend") in (kinds or ("backend",))


def test_servers_that_run_are_reached_by_the_query(api):
    token = Identity("token", "token", paths=("/services/haproxy/runtime/backends/1",))
    for version in ("v2",):
        path = f"/{version}/services/haproxy/runtime/servers/s"
        for method in ("GET", "PUT"):
            guard = api.app.guard(method, path)[0]
            assert guard.refusal(token, path, {"backend": "1"}) is None
            assert guard.refusal(token, path, {"backend": "2"}) and guard.refusal(token, path, {})


def test_who_is_for_some_paths_has_transactions_of_their_own_alone(tmp_path):
    api = Everything(tmp_path, "backend 1\nbackend 2\n", dataplane__audit_file=str(tmp_path / "audit"))
    transactions = "/v2/services/haproxy/transactions"
    made = api.call("POST", f"{OWN}/tokens", {"name": "shop", "role": "editor", "paths": [MINE, "/services/haproxy/transactions"]})
    sent = {"Authorization": f"Bearer {made.json['token']}"}

    def asked(method, path, body=None, **query):
        headers = {**sent, **({"Content-Type": "application/json"} if body else {})}
        return api.call(method, path, body, user=None, headers=headers, **query)

    other = api.call("POST", transactions, version=api.version).json["id"]
    mine = asked("POST", transactions, version=api.version).json["id"]
    server = {"name": "s", "address": "192.0.2.1"}
    for given, status in ((other, 403), (mine, 202), ("none", 400)):
        assert asked("POST", "servers", server, backend="1", transaction_id=given).status_code == status
    assert asked("POST", "servers", server, backend="2", transaction_id=mine).status_code == 403
    for method in ("GET", "PUT", "DELETE"):
        answer = asked(method, f"{transactions}/{other}")
        assert (answer.status_code, "transactions of their own" in answer.text) == (403, True)
    assert asked("PUT", f"{transactions}/{mine}").status_code in (200, 202)
    assert api.text == "backend 1\n  server s 192.0.2.1\nbackend 2\n"
    assert asked("PUT", f"{transactions}/{mine}").status_code == 404
    assert api.call("DELETE", f"{transactions}/{other}").status_code == 204


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
