"""Members of a fleet have one configuration: what one takes, all have; of two changes one is refused."""

import pytest

from dataplane_plugins.fleet import sharing
from dataplane_plugins.fleet.revisions import HEAD
from dataplane_plugins.fleet.stores import Undecided
from tests.fleet.support import TEXT, Fleet, Node


@pytest.fixture
def fleet(tmp_path) -> Fleet:
    return Fleet(tmp_path)


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
