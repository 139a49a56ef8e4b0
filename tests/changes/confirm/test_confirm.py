"""Changes that go again unless they are confirmed, over every interface."""

import time
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.errors import CheckFailed, StorageFull
from dataplane_core.plugin import Fact
from dataplane_core.store import trial
from dataplane_core.store.journal import state
from dataplane_plugins.changes.confirm import dataplane_status
from dataplane_plugins.changes.confirm.watching import Watch
from tests.api.support import CONFIGURATION, OWN, TRANSACTIONS
from tests.changes.support import archive
from tests.changes.whole import TEXT, TOP, Whole

HERE = f"{OWN}/confirmations"
PLAIN = {"Content-Type": "text/plain"}
SERVER = {"name": "new", "address": "192.0.2.9", "port": 80}


class Trying(Whole):
    """The application, whose watch looks when the test says so."""

    def __init__(self, folder: Path, text: str = TEXT, **settings: Any) -> None:
        places = {"maps_dir": "maps", "ssl_certs_dir": "ssl", "general_storage_dir": "general", "spoe_dir": "spoe"}
        for name in places.values():
            (folder / name).mkdir(exist_ok=True)
        given = {f"dataplaneapi__resources__{name}": str(folder / place) for name, place in places.items()}
        super().__init__(folder, text, **given, **settings)
        self.services = self.app.services
        self.watch = Watch(self.services)

    def add(self, **query: Any) -> Any:
        """Add a server with a change that has to be confirmed."""
        query = {"version": self.version, "confirm_within": "90s", **query}
        answer = self.call("POST", f"{TOP}/backends/be1/servers", SERVER, **query)
        assert answer.status_code in (201, 202), answer.text
        return answer

    def let_pass(self) -> None:
        """Have the time of the version that waits be over."""
        table = self.services.config.trials.table
        one = table.open()
        assert one is not None
        gone = {"moment": one.trial.moment - 1000, "uptime": one.trial.uptime - 1000}
        table.move(one.version, one.trial.__class__(**{**_fields(one.trial), **gone}))

    def facts(self) -> list[Fact]:
        return list(dataplane_status(self.services))


def _fields(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


@pytest.fixture
def api(tmp_path: Path) -> Trying:
    return Trying(tmp_path)


def test_what_nobody_confirms_goes_again_and_says_why(api: Trying) -> None:
    text = api.text
    answer = api.add(headers={"X-Change-Reason": "a try"})
    one = api.own("confirmations/waiting")
    assert answer.headers["Confirm-Before"] == one["before"]
    assert (one["version"], one["former"], one["state"], one["user"]) == (2, 1, "waits", "admin")
    assert 80 < one["seconds_left"] <= 90
    assert api.watch.look() <= 0.5
    assert api.version == 2
    [fact] = api.facts()
    assert (fact.doubtful, "version 2 waits for its confirmation until" in fact.text) == (True, True)
    api.let_pass()
    api.watch.look()
    reason = "version 2 was not confirmed within 90 s"
    assert api.text == text
    one = api.own("confirmations/2")
    assert (one["state"], one["back"], one["reason"]) == ("taken_back", 3, reason)
    third, second = api.own("history", limit=2)
    assert (third["text_of"], third["reason"], third["origin"]) == (1, reason, "rollback")
    assert (second["state"], second["failure"], second["undone_by"]) == ("rolled_back", reason, 3)
    [fact] = api.facts()
    assert (fact.doubtful, fact.text) == (True, f"version 2 was taken back as version 3: {reason}")
    states = [one.values["state"] for one in api.services.events.after(0) if one.kind == "confirmation"]
    assert states == ["waits", "returning", "taken_back"]
    assert api.own_refusal("confirmations/waiting")[0] == 404


def test_what_is_confirmed_stays(api: Trying) -> None:
    api.add()
    done = api.call("POST", f"{HERE}/waiting")
    assert (done.status_code, done.json["state"], done.json["ended_by"]) == (200, "confirmed", "admin")
    assert api.call("POST", f"{HERE}/2").status_code == 200
    api.watch.look()
    assert (api.version, api.facts()) == (2, [])
    assert api.own_refusal("confirmations/2", "DELETE")[0] == 409
    assert api.own_refusal("confirmations/1", "POST") == (404, "version 1 needs no confirmation")
    assert api.own_refusal("confirmations/x", "POST")[0] == 400
    assert [one["version"] for one in api.own("confirmations")] == [2]


def test_it_can_be_taken_back_at_once(api: Trying) -> None:
    text = api.text
    api.add()
    done = api.call("DELETE", f"{HERE}/2", headers={"X-Change-Reason": "customers complain"})
    assert (done.status_code, done.json["state"], done.json["back"]) == (202, "taken_back", 3)
    assert done.headers["Reload-ID"] == done.json["reload_id"]
    assert (done.json["reason"], done.json["ended_by"]) == ("customers complain", "admin")
    assert api.text == text
    assert api.own("history", limit=1)[0]["author"]["name"] == "admin"
    assert api.call("DELETE", f"{HERE}/2").status_code == 200
    assert api.own_refusal("confirmations/2", "POST")[1].startswith("version 2 was taken back as version 3")


def test_a_dry_run_decides_nothing(api: Trying) -> None:
    api.add()
    plan = api.call("POST", f"{HERE}/waiting", dry_run="true").json
    assert plan["effects"] == ["version 2 would stay"]
    plan = api.call("DELETE", f"{HERE}/waiting", dry_run="true").json
    assert [(one["name"], one["change"]) for one in plan["changes"]] == [("new", "deleted")]
    assert (api.own("confirmations/waiting")["state"], api.version) == ("waits", 2)


@pytest.mark.parametrize("interface", ["v2", "v3"])
def test_a_commit_and_a_whole_text_take_the_option(api: Trying, interface: str) -> None:
    top = CONFIGURATION.replace("v2", interface)
    transactions = TRANSACTIONS.replace("v2", interface)
    begun = api.call("POST", transactions, version=1).json["id"]
    servers = f"{top}/servers" if interface == "v2" else f"{top}/backends/be1/servers"
    query = {"transaction_id": begun, **({"backend": "be1"} if interface == "v2" else {})}
    refused = api.call("POST", servers, SERVER, confirm_within="9s", **query)
    assert (refused.status_code, "belongs to the commit" in refused.json["message"]) == (400, True)
    assert api.call("POST", servers, SERVER, **query).status_code == 202
    done = api.call("PUT", f"{transactions}/{begun}", confirm_within="1h", gate_min_up="80%", gate_window="5s",
                    gate_max_5xx="2.5%", gate_backends="be1,be2")  # fmt: skip
    assert done.status_code == 202, done.text
    one = api.own("confirmations/2")
    assert done.headers["Confirm-Before"] == one["before"]
    assert one["gate"] == {"min_up": "80%", "max_5xx": "2.5%", "window": 5, "backends": ["be1", "be2"]}
    status, _, message = api.refused("POST", f"{top}/raw", raw=api.text + "# x\n", headers=PLAIN, version=2)
    assert (status, "version 2 waits for its confirmation until" in message) == (409, True)
    api.call("POST", f"{HERE}/2")
    raw = api.call("POST", f"{top}/raw", raw=api.text + "# x\n", headers=PLAIN, version=2, confirm_within="60")
    assert raw.headers["Confirm-Before"] == api.own("confirmations/waiting")["before"]


def test_operations_that_make_no_version_refuse_the_option(api: Trying) -> None:
    for method, path in (("POST", TRANSACTIONS), ("DELETE", f"{TRANSACTIONS}/x"), ("POST", f"{HERE}/2")):
        status, _, message = api.refused(method, path, version=1, confirm_within="9s")
        assert (status, message) == (400, "confirm_within in query: this operation makes no version")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"gate_min_up": "2"}, "needs confirm_within"),
        ({"confirm_within": "9s", "gate_window": "2s"}, "needs gate_min_up or gate_max_5xx"),
        ({"confirm_within": "9s", "gate_min_up": "some"}, "gate_min_up in query must be a number"),
        ({"confirm_within": "9s", "gate_max_5xx": "5"}, "gate_max_5xx in query must be a share"),
        ({"confirm_within": "25h"}, "from 1s to 24h"),
    ],
)
def test_a_gate_that_cannot_be_read_is_refused(api: Trying, query: dict[str, str], told: str) -> None:
    path = f"{TOP}/backends/be1/servers"
    status, _, message = api.refused("POST", path, SERVER, version=1, **query)
    assert (status, told in message) == (400, True), message
    assert api.version == 1


def test_files_come_back_as_the_commit_found_them(tmp_path: Path) -> None:
    for name in ("maps", "general"):
        (tmp_path / name).mkdir()
    used = tmp_path / "maps" / "a.map"
    used.write_text("/a before\n")
    api = Trying(tmp_path)
    rule = {"type": "set-map", "map_file": str(used), "map_keyfmt": "%[src]", "map_valuefmt": "x"}
    rules = f"{TOP}/frontends/fe/http_request_rules/0"
    assert api.call("POST", rules, rule, version=1).status_code == 202
    used.write_text("/a renewed\n")  # before the change, and not seen by anybody
    api.add()
    used.write_text("/a after\n")
    api.let_pass()
    api.watch.look()
    assert used.read_text() == "/a renewed\n"
    assert "new" not in api.text


def test_an_apply_takes_its_files_back(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    used = tmp_path / "maps" / "a.map"
    used.write_text("/a before\n")
    rule = f"  http-request set-header x %[path,map({used})]\n"
    api = Trying(tmp_path, TEXT.replace("  default_backend", f"{rule}  default_backend"))
    files = {"haproxy.cfg": api.text + "\nbackend more\n", "maps/a.map": "/a after\n"}
    tar = {"Content-Type": "application/x-tar"}
    done = api.call("POST", f"{OWN}/apply", raw=archive(files), headers=tar, confirm_within="90s")
    assert done.status_code == 202, done.text
    assert done.json["confirm_before"] == done.headers["Confirm-Before"]
    assert used.read_text() == "/a after\n"
    api.let_pass()
    api.watch.look()
    assert used.read_text() == "/a before\n"
    assert "backend more" not in api.text
    tried = api.own("history/2")["confirmation"]
    assert (tried["state"], tried["reason"]) == ("taken_back", "version 2 was not confirmed within 90 s")
    only = {"maps/a.map": "/a other\n"}
    refused = api.call("POST", f"{OWN}/apply", raw=archive(only), headers=tar, confirm_within="90s")
    assert refused.status_code == 400, refused.text


def test_what_haproxy_refuses_now_stays_in_force_loudly(
    api: Trying, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    api.add()

    def refuse(*_: object) -> None:
        raise CheckFailed("the certificate is gone")

    monkeypatch.setattr(api.services.config._committer, "commit", refuse)
    api.let_pass()
    api.watch.look()
    one = api.own("confirmations/2")
    assert (one["state"], api.version) == ("stays", 2)
    assert "version 1 cannot come back: the certificate is gone" in one["reason"]
    assert "version 2 stays" in caplog.text
    [fact] = api.facts()
    assert (fact.bad, "the certificate is gone" in fact.text) == (True, True)
    assert api.own_refusal("confirmations/2", "POST")[0] == 409
    monkeypatch.undo()
    api.weigh("be1", "s1", 3)


def test_a_full_disk_is_waited_for(api: Trying, monkeypatch: pytest.MonkeyPatch) -> None:
    api.add()
    api.let_pass()
    real, full = api.services.config._committer.commit, [True]

    def commit(request: Any) -> Any:
        if full:
            raise StorageFull("no space is left")
        return real(request)

    monkeypatch.setattr(api.services.config._committer, "commit", commit)
    with pytest.raises(StorageFull):
        api.watch.look()
    assert api.own_refusal("confirmations/2", "POST")[1].startswith("version 2 is being taken back")
    [fact] = api.facts()
    assert fact.bad
    full.clear()
    api.watch.look()
    assert api.version == 3


def test_without_the_plugin_nothing_can_be_tried(tmp_path: Path) -> None:
    api = Whole(tmp_path, dataplane__block_plugins=("changes.confirm",))
    path = f"{TOP}/backends/be1/servers"
    status, _, message = api.refused("POST", path, SERVER, version=1, confirm_within="9s")
    assert (status, message) == (400, "confirm_within in query: nothing takes such a change back")


@pytest.mark.parametrize("is_over", [True, False])
def test_after_a_restart_of_the_machine_the_former_state_comes_back_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_over: bool
) -> None:
    first = Trying(tmp_path)
    text = first.text
    first.add()
    # The machine is started anew: another boot id, a few seconds of uptime, and a clock that went on.
    (tmp_path / "boot").write_text("another-boot\n")
    monkeypatch.setattr(state, "_BOOT", str(tmp_path / "boot"))
    monkeypatch.setattr(trial, "uptime", lambda: 3.0)
    now = time.time() + (91 if is_over else 30)
    monkeypatch.setattr(time, "time", lambda: now)
    again = Trying(tmp_path, first.file.read_text())
    assert again.services.state.boot == "another-boot"
    again.watch.look()
    if is_over:
        assert again.text == text
        assert again.own("confirmations/2")["reason"] == "version 2 was not confirmed within 90 s"
        return
    assert 50 < again.own("confirmations/waiting")["seconds_left"] <= 60
    assert again.text != text
    monkeypatch.setattr(trial, "uptime", lambda: 3.0 + 61)
    again.watch.look()
    assert again.text == text
