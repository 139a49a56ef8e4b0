"""The audit file has every version, every refusal and every run-time change, once, whatever dies."""

import json

import pytest

from dataplane_core.settings import SettingsError
from dataplane_core.store.hash_chain import verify
from dataplane_plugins.changes import audit as module
from dataplane_plugins.changes import audit_limits
from dataplane_plugins.changes.audit import Auditor
from tests.harness.server import ApiServer
from tests.harness.waiting import until
from tests.runtime.support import Api, live, prepare
from tests.storage.support import form

BACKENDS = "/v3/services/haproxy/configuration/backends"
FORM = "multipart/form-data; boundary=BB"
TEXT = "global\n  daemon\n\ndefaults\n  mode http\n\nbackend be1\n  server s1 10.0.0.1:80\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def api(tmp_path, path):
    prepare(tmp_path)
    api = Api(tmp_path, dataplane__audit_file=str(path))
    api.services.config.version()
    Auditor(api.services).catch_up()
    return api


def records(path):
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert verify([("audit", path.read_bytes().splitlines(keepends=True))]).fault == ""
    return found


def told(path):
    """What each line tells, and the version or status in it."""
    return [(one["event"], one.get("version", one.get("status"))) for one in records(path)]


def test_a_change_is_told_with_its_author_before_it_is_answered(api, path):
    version = api.services.config.version()
    headers = {"X-Change-Reason": "more room", "User-Agent": "deployer/1", "X-Request-ID": "id-1"}
    api.client.simulate_post(
        BACKENDS, params={"version": str(version)}, json={"name": "new"},
        headers={"Authorization": "Basic YWRtaW46cHc=", **headers},
    )  # fmt: skip
    record = records(path)[-1]
    assert (record["event"], record["version"], record["origin"]) == ("version", version + 1, "api")
    assert len(record["digest"]) == 32
    author = record["author"]
    assert (author["name"], author["client"], author["reason"]) == ("admin", "deployer/1", "more room")
    assert author["interface"] == "v3"


def test_a_transaction_is_told_once(api, path):
    before = len(records(path))
    transaction = api.call("POST", "transactions", version=api.services.config.version()).json["id"]
    for name in ("one", "two"):
        assert api.status("POST", "configuration/backends", {"name": name}, transaction_id=transaction) == 202
    assert api.status("PUT", f"transactions/{transaction}") in (200, 202)
    assert [one["event"] for one in records(path)[before:]] == ["version"]
    assert records(path)[-1]["transaction_id"] == transaction


def test_what_is_refused_is_told_with_the_reason(api, path):
    version = api.services.config.version()
    api.call("POST", "configuration/backends", {"name": "be"}, version=version)
    api.call("POST", "configuration/backends", {"name": "x"}, version=version + 7)
    api.get("configuration/version")
    api.call("GET", "configuration/backends/none")
    assert told(path)[-2:] == [("refused", 409), ("refused", 409)]
    assert "already exists" in records(path)[-2]["message"]
    assert records(path)[-1]["path"] == "/v2/services/haproxy/configuration/backends"


def test_who_is_not_let_in_is_told_and_counted(api, path, monkeypatch):
    monkeypatch.setattr(audit_limits, "MOST", 3)
    before = len(records(path))
    for _ in range(10):
        answer = api.client.simulate_get(BACKENDS, headers={"Authorization": "Basic YWRtaW46eHg="})
        assert answer.status_code == 401
    found = records(path)[before:]
    assert [one["event"] for one in found] == ["login_failed"] * 3
    assert "eHg" not in path.read_text()
    now = module.time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + 120)
    Auditor(api.services).catch_up()
    Auditor(api.services).catch_up()
    assert (records(path)[-1]["of"], records(path)[-1]["number"]) == ("login_failed", 7)
    assert [one["event"] for one in records(path)].count("left_out") == 1


def test_a_trial_and_a_read_are_not_told(api, path):
    before = told(path)
    api.client.simulate_get("/nowhere")
    api.get("configuration/backends")
    api.call("POST", "/dataplane/v1/plan", {"nothing": 1})
    version = api.services.config.version()
    plan = api.call("POST", "configuration/backends", {"name": "x"}, version=version, dry_run="true")
    assert plan.status_code == 200
    assert api.services.config.version() == version
    assert told(path) == before


def test_words_in_the_query_and_in_names_hide_nothing(api, path):
    version = api.services.config.version()
    for more in ({"dry_run": "false"}, {"transaction_id": "x"}):
        before = len(records(path))
        assert api.send("POST", "storage/maps", form("a.map", b"k v\n"), FORM, **more).status_code == 201
        assert api.call("DELETE", "storage/maps/a.map", skip_reload="true", **more).status_code in (202, 204)
        assert [one["event"] for one in records(path)[before:]] == ["request", "request"]
    assert api.send("POST", "storage/maps", form("transactions", b"k v\n"), FORM).status_code == 201
    assert api.call("DELETE", "storage/maps/transactions", skip_reload="true").status_code in (202, 204)
    assert records(path)[-1]["path"].endswith("/storage/maps/transactions")
    assert api.call("POST", "configuration/backends", {"name": "x"}, version=version + 7, dry_run="false").status_code == 409
    assert told(path)[-1] == ("refused", 409)


def test_an_edit_by_hand_is_told_by_who_finds_it(api, path, tmp_path):
    file = tmp_path / "haproxy.cfg"
    file.write_text(file.read_text() + "backend by_hand\n")
    version = api.services.config.version()
    Auditor(api.services).catch_up()
    assert told(path)[-1] == ("version", version)
    assert records(path)[-1]["origin"] == "external"
    size = path.stat().st_size
    Auditor(api.services).catch_up()
    assert path.stat().st_size == size


def test_a_rollback_is_told(api, path):
    versions = api.services.config.history
    version = api.services.config.version()
    with api.services.state.write() as connection:
        versions.roll_back(connection, version - 1, version + 1, "HAProxy said no")
    Auditor(api.services).catch_up()
    record = records(path)[-1]
    assert (record["event"], record["version"], record["reason"]) == ("rolled_back", version, "HAProxy said no")


def test_a_new_state_goes_on_with_the_file_of_a_former_one(api, path, tmp_path):
    api.services.events.record_all(("drift", {}) for _ in range(50))
    api.change("POST", "backends", {"name": "new"})
    before = len(records(path))
    other = Api(tmp_path, dataplane__audit_file=str(path), dataplane__state_dir=str(tmp_path / "other"))
    version = other.services.config.version()
    Auditor(other.services).catch_up()
    assert [(one["event"], one.get("version")) for one in records(path)[before:]] == [
        ("begin", None), ("version", version),
    ]  # fmt: skip
    Auditor(other.services).catch_up()
    assert len(records(path)) == before + 2


def test_events_that_are_gone_are_missed(api, path):
    api.services.events.record_all(("version", {"version": 99, "request_id": ""}) for _ in range(4))
    with api.services.state.write() as connection:
        connection.execute("DELETE FROM events WHERE id < (SELECT max(id) FROM events)")
    Auditor(api.services).catch_up()
    assert [one["event"] for one in records(path)[-2:]] == ["gap", "version"]


def test_a_folder_that_is_not_there_stops_the_start(tmp_path):
    prepare(tmp_path)
    with pytest.raises(SettingsError, match="dataplane.audit_file.*the folder /no/such does not exist"):
        Api(tmp_path, dataplane__audit_file="/no/such/audit")


def test_a_file_that_cannot_be_written_refuses_nothing_and_shows(tmp_path, caplog):
    prepare(tmp_path)
    (tmp_path / "nowhere").mkdir()
    api = Api(tmp_path, dataplane__audit_file=str(tmp_path / "nowhere" / "audit"))
    (tmp_path / "nowhere").rmdir()
    version = api.services.config.version()
    assert api.status("POST", "configuration/backends", {"name": "n"}, version=version) in (201, 202)
    assert "changes.audit failed in dataplane_answered" in caplog.text
    (tmp_path / "nowhere").mkdir()
    Auditor(api.services).catch_up()
    fact = next(module.dataplane_status(api.services))
    assert not fact.doubtful


@pytest.mark.haproxy
def test_a_run_time_change_is_told(haproxy_program, tmp_path, path):
    with live(haproxy_program, tmp_path, dataplane__audit_file=str(path)) as running:
        running.call("PUT", "runtime/servers/s1", {"admin_state": "maint"}, backend="be")
        record = records(path)[-1]
        assert (record["event"], record["status"], record["author"]["name"]) == ("runtime", 200, "admin")
        assert record["path"] == "/v2/services/haproxy/runtime/servers/s1"


@pytest.mark.server
@pytest.mark.parametrize("place", ["replaced", "followed"])
def test_a_change_whose_worker_was_killed_is_told_by_the_next_one(tmp_path, path, place):
    file = tmp_path / "haproxy.cfg"
    file.write_text(TEXT)
    settings = {"dataplane": {"audit_file": str(path)}}
    with ApiServer(file, tmp_path / "run", settings, environ={"DATAPLANE_FAILPOINT": place}) as server:
        until(path.exists)
        client = server.client("v3")
        version = client.version()
        client.connection.request(
            "POST", f"{BACKENDS}?version={version}", json.dumps({"name": "second"}),
            {**client.headers, "Content-Type": "application/json"},
        )  # fmt: skip
        with pytest.raises(OSError):
            client.connection.getresponse()
        assert "backend second" in file.read_text()
        until(lambda: told(path)[-1] == ("version", version + 1))
        versions = [one["version"] for one in records(path) if one["event"] == "version"]
        assert versions == sorted(set(versions))


def required(tmp_path, path, **settings):
    prepare(tmp_path)
    return Api(tmp_path, dataplane__audit_file=str(path), dataplane__audit_required=True, **settings)


def ask(api, method="POST", where=BACKENDS, **more):
    headers = {"Authorization": "Basic YWRtaW46cHc="}
    return api.client.simulate_request(method, where, headers=headers, **more)


def post(api, name="new", **query):
    query = {"version": str(api.services.config.version()), **query}
    return ask(api, params=query, json={"name": name})


def test_what_has_to_be_told_is_told_before_it_is_made(tmp_path, path):
    api = required(tmp_path, path)
    assert post(api).status_code in (201, 202)
    asked, version = records(path)[-2:]
    assert (asked["event"], asked["path"], asked["author"]["name"]) == ("asked", BACKENDS, "admin")
    assert asked["author"]["request_id"] == version["request_id"] and version["event"] == "version"
    before = len(records(path))
    assert ask(api, "GET").status_code == 200
    assert post(api, "other", dry_run="true").status_code == 200
    assert len(records(path)) == before


@pytest.mark.parametrize("full", [True, False])
def test_nothing_is_changed_that_cannot_be_told(tmp_path, path, full):
    api = required(tmp_path, path)
    version, text = api.services.config.version(), api.services.config.snapshot().text
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/full" if full else tmp_path / "gone" / "audit")
    answer = post(api)
    assert answer.status_code == (507 if full else 503)
    assert answer.json["message"].startswith("no change is made that the audit file does not have: ")
    assert (api.services.config.version(), api.services.config.snapshot().text) == (version, text)
    assert ask(api, "GET").status_code == 200, "reads go on"
    begun = ask(api, where="/v3/services/haproxy/transactions", params={"version": str(version)})
    assert begun.status_code == 201, "a transaction changes nothing yet"
    step = ask(api, params={"transaction_id": begun.json["id"]}, json={"name": "new"})
    assert step.status_code == 202
    commit = f"/v3/services/haproxy/transactions/{begun.json['id']}"
    assert ask(api, "PUT", commit).status_code == answer.status_code
    path.unlink()
    assert ask(api, "PUT", commit).status_code in (200, 202), "once there is room, it can be committed"
    assert ("version", version + 1) in told(path)


def test_a_file_that_cannot_be_written_is_shown(tmp_path, path):
    api = required(tmp_path, path)
    post(api)
    facts = {fact.topic: fact for fact in module.dataplane_status(api.services)}
    gauges = {one.name: one.value for one in module.dataplane_metrics(api.services)}
    assert not facts["audit"].bad and gauges == {"audit_writable": True, "audit_waiting": 0}
    path.unlink()
    path.mkdir()
    (fact,) = module.dataplane_status(api.services)
    gauges = {one.name: one.value for one in module.dataplane_metrics(api.services)}
    assert fact.bad and "it cannot be written: Is a directory, and changes are refused" in fact.text
    assert gauges["audit_writable"] is False
