"""Members of a fleet have one configuration: what one takes, all have; of two changes one is refused."""

import pytest

from dataplane_plugins.fleet.records.revisions import HEAD
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.rollouts.leading import Leader
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from dataplane_plugins.fleet.sharing import sharer as sharing
from dataplane_plugins.fleet.stores import Undecided
from tests.fleet.support import TEXT, Fleet, Node


@pytest.fixture
def pair(fleet: Fleet) -> tuple[Node, Node]:
    first, second = fleet.node("one"), fleet.node("two")
    fleet.settled(first, second)
    return first, second


def test_the_first_member_brings_its_configuration_and_others_take_it(fleet):
    first = fleet.node("one", TEXT.replace("be2", "other")).step(2)
    second = fleet.node("two", "global\n  maxconn 7\n").step(2)
    assert second.text == first.text
    fleet.settled(first, second)
    assert second.file.read_text() == first.file.read_text()
    assert (first.status.state, second.status.state) == ("applied", "applied")
    assert second.version == first.version


def test_changes_that_come_all_the_time_keep_nobody_from_having_one(pair, monkeypatch):
    first, second = pair
    assert first.server("be1", "new").status_code in (201, 202)
    check, more = Rollouts.check, iter(["more"])

    def check_later(self, head, **how):
        for name in more:
            assert first.server("be2", name).status_code in (201, 202)
        return check(self, head, **how)

    monkeypatch.setattr(Rollouts, "check", check_later)
    second.step()
    assert "server new" in second.file.read_text()
    assert "server more" not in second.file.read_text()
    second.step()
    assert second.file.read_text() == first.file.read_text()


def test_a_change_of_any_member_reaches_all(pair):
    first, second = pair
    assert first.server("be1", "new").status_code in (201, 202)
    second.step()
    assert second.file.read_text() == first.file.read_text()
    assert second.server("be2", "more").status_code in (201, 202)
    first.step()
    assert second.file.read_text() == first.file.read_text()
    assert first.version == second.version == 3
    history = first.call("GET", "/dataplane/v1/history").json
    assert history[0]["author"]["name"] == "admin"
    assert history[0]["author"]["address"] == "member two"


def test_of_two_changes_of_one_version_one_is_refused(pair):
    first, second = pair
    assert first.server("be1", "new").status_code in (201, 202)
    answer = second.server("be2", "late")
    assert answer.status_code == 409
    assert "version mismatch" in answer.json["message"]
    assert "late" not in second.file.read_text()
    second.step()
    assert second.server("be2", "late").status_code in (201, 202)


def test_files_belong_to_it(pair):
    first, second = pair
    for name, text in (("hosts.map", "a be1\n"), ("hosts.map", "a be2\n"), ("other.map", "")):
        path = "/v3/services/haproxy/storage/maps"
        files = {"file_upload": (name, text.encode())}
        if (first.folder / "maps" / name).exists():
            answer = first.call("PUT", f"{path}/{name}", raw=text, headers={"Content-Type": "text/plain"})
        else:
            answer = upload(first, path, files)
        assert answer.status_code in (200, 201, 202), answer.text
        second.step()
        assert (second.folder / "maps" / name).read_text() == text
    assert first.call("DELETE", "/v3/services/haproxy/storage/maps/other.map").status_code == 204
    second.step()
    assert not (second.folder / "maps/other.map").exists()


def test_an_edit_by_hand_is_adopted(pair):
    first, second = pair
    second.file.write_text(second.file.read_text().replace("192.0.2.3", "192.0.2.33"))
    second.step()
    first.step()
    assert "192.0.2.33" in first.file.read_text()


def test_edits_by_hand_and_changes_elsewhere_are_merged(pair):
    first, second = pair
    second.file.write_text(second.file.read_text().replace("192.0.2.3:", "192.0.2.33:"))
    assert first.server("be1", "new").status_code in (201, 202)
    second.step(3)
    first.step(2)
    assert "192.0.2.33" in first.file.read_text()
    assert " new " in first.file.read_text()
    assert first.text == second.text
    assert (first.status.state, second.status.state) == ("applied", "applied")


def test_what_haproxy_refuses_here_is_told_and_not_repeated(fleet):
    first = fleet.node("one")
    checks = fleet.folder / "checks"
    second = fleet.node("two", haproxy__reload__validate_cmd=f"sh -c 'echo >> {checks}; ! grep -q new \"$DATAPLANEAPI_TRANSACTION_FILE\"'")
    fleet.settled(first, second)
    first.server("be1", "new")
    second.step(3)
    assert second.status.state == "refused"
    assert second.status.reason
    assert "new" not in second.file.read_text()
    count = len(checks.read_text())
    second.step(3)
    assert len(checks.read_text()) == count


def test_without_the_store_reads_go_on_and_changes_are_refused(pair):
    first, second = pair
    second.store.is_cut_off = True
    assert second.call("GET", "/v3/services/haproxy/configuration/backends").status_code == 200
    answer = second.server("be1", "lost")
    assert (answer.status_code, "store of the fleet" in answer.json["message"]) == (503, True)
    assert "lost" not in second.file.read_text()
    second.store.is_cut_off = False
    first.server("be1", "new")
    second.step()
    assert " new " in second.file.read_text()


@pytest.mark.parametrize("is_written", [True, False])
def test_a_lost_answer_is_found_out(pair, monkeypatch, is_written):
    first, second = pair
    transact = first.store.transact

    def lossy(conditions, puts, deletes=()):
        if HEAD not in puts:
            return transact(conditions, puts, deletes)
        if is_written:
            transact(conditions, puts, deletes)
        raise Undecided("the connection broke")

    monkeypatch.setattr(first.store, "transact", lossy)
    monkeypatch.setattr(sharing, "_DECIDED_SECONDS", 0.3)
    answer = first.server("be1", "new")
    assert answer.status_code in ((201, 202) if is_written else (503,)), answer.text
    assert (" new " in first.file.read_text()) is is_written
    second.step()
    assert second.file.read_text() == first.file.read_text()


def upload(node, path, files):
    name, (filename, data) = next(iter(files.items()))
    body = (
        f'--xx\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'.encode()
        + data + b"\r\n--xx--\r\n"
    )
    return node.call("POST", path, raw=body, headers={"Content-Type": "multipart/form-data; boundary=xx"})


@pytest.mark.parametrize("what", ["text", "file"])
def test_what_a_member_made_a_revision_itself_is_no_edit_by_hand(pair, what):
    """Another member changes it before the first has looked again: nothing is merged, nothing is offered."""
    first, second = pair
    if what == "text":
        first.server("be1", "mine")
        second.step()
        second.server("be1", "theirs")
    else:
        upload(first, "/v3/services/haproxy/storage/maps", {"file_upload": ("a.map", b"a 1\n")})
        second.step()
        second.call("PUT", "/v3/services/haproxy/storage/maps/a.map", raw="a 2\n", headers={"Content-Type": "text/plain"})
    head = second.member.revisions.newest()
    first.step(2)
    assert first.member.revisions.newest().number == head.number
    assert first.status.state == "applied"
    assert first.file.read_text() == second.file.read_text()
    if what == "file":
        assert (first.folder / "maps/a.map").read_text() == "a 2\n"


def removed(first: Node, second: Node) -> None:
    """Forget the second member, which has made the newest revision."""
    assert second.server("be1", "last").status_code in (201, 202)
    assert first.member.remove("two")


def test_what_a_removed_member_has_made_is_still_the_fleets(fleet, pair):
    first, second = pair
    removed(first, second)
    first.member._public.pop("two", None)  # as in every process that begins now
    first.step()
    third = fleet.node("three").step(2)
    assert " last " in first.file.read_text()
    assert third.text == first.text
    assert first.server("be1", "next").status_code in (201, 202)


def test_another_server_may_have_the_name_of_a_removed_member(fleet, pair):
    first, second = pair
    removed(first, second)
    first.step()
    (fleet.folder / "two").rename(fleet.folder / "former")
    another = fleet.node("two").step(2)
    assert another.server("be1", "next").status_code in (201, 202)
    first.step()
    assert " next " in first.file.read_text()
    assert Leader(first.member).statuses()["two"].state == "applied"
    with pytest.raises(Forged):  # the one that was removed says nothing any more
        place = "status/two"
        first.member.signer.read(second.member.signer.write(b"{}", place), place)


@pytest.mark.parametrize("goes_on", [True, False])
def test_an_autonomous_member_takes_changes_without_the_store(fleet, goes_on):
    first, second = fleet.node("one"), fleet.node("two", fleet__autonomous=True)
    fleet.settled(first, second)
    second.store.is_cut_off = True
    for name in ("mine", "more"):
        assert second.server("be1", name).status_code in (201, 202)
    assert upload(second, "/v3/services/haproxy/storage/maps", {"file_upload": ("a.map", b"a 1\n")}).status_code == 201
    if goes_on:
        first.server("be2", "theirs")
    second.store.is_cut_off = False
    second.step(4)
    first.step(2)
    second.step()
    assert first.text == second.text
    assert all(f"server {name} " in first.file.read_text() for name in ("mine", "more"))
    assert ("server theirs " in second.file.read_text()) is goes_on
    assert (first.folder / "maps/a.map").read_text() == "a 1\n"
    assert (first.status.state, second.status.state) == ("applied", "applied")


def test_an_edit_by_hand_that_haproxy_refuses_stays_where_it_is(fleet):
    checks = fleet.folder / "checks"
    command = f"sh -c 'echo >> {checks}; ! grep -q nonsense \"$DATAPLANEAPI_TRANSACTION_FILE\"'"
    first, second = fleet.node("one"), fleet.node("two", haproxy__reload__validate_cmd=command)
    fleet.settled(first, second)
    text = second.file.read_text()
    second.file.write_text(text.replace("maxconn 100", "nonsense 1"))
    second.step(1)
    count = len(checks.read_text())
    second.step(2)
    first.step()
    assert (second.status.state, len(checks.read_text())) == ("apart", count)
    assert "HAProxy refuses it" in second.status.reason
    assert "nonsense" not in first.file.read_text()
    second.file.write_text(text)
    second.step(2)
    assert second.status.state == "applied"


@pytest.mark.parametrize("trouble", ["store away", "others went on"])
def test_a_version_on_trial_goes_whatever_the_fleet_does(fleet, trouble):
    first, second = fleet.node("one"), fleet.node("two")
    fleet.settled(first, second)
    assert first.server("be1", "trial", confirm_within="600s").status_code in (201, 202)
    if trouble == "store away":
        first.store.is_cut_off = True
    else:
        second.step()
        second.server("be2", "theirs")
    answer = first.call("DELETE", f"/dataplane/v1/confirmations/{first.version}")
    assert "trial" not in first.file.read_text(), answer.text
    first.store.is_cut_off = False
    first.step(4)
    second.step(2)
    first.step(2)
    assert first.text == second.text
    assert "server trial " not in second.file.read_text()
    assert ("theirs" in first.file.read_text()) is (trouble != "store away")
