"""Changes, edits by hand and failures, from the store to a real HAProxy and back."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from dataplane_core.commands.overview import overview
from dataplane_core.errors import CheckFailed, RuntimeFailed
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.services import Services
from dataplane_core.store.change import Outcome
from dataplane_core.testing import FakeRuntime
from dataplane_core.text import Line
from dataplane_core.wiring import make_services
from tests.haproxy.support import configured
from tests.harness.haproxy import HaproxyProcess
from tests.harness.waiting import ends, stays, until

pytestmark = pytest.mark.haproxy


@contextmanager
def governing(haproxy: HaproxyProcess, **given: object) -> Iterator[Services]:
    settings = configured(
        haproxy.folder,
        haproxy_bin=haproxy.program,
        master_runtime=str(haproxy.master),
        reload__reload_delay=0.2,
    ).replace(**{"dataplane.state_dir": str(haproxy.folder / "state"), **given})
    services = make_services(settings)
    services.start()
    try:
        yield services
    finally:
        services.stop()


@pytest.fixture
def services(haproxy: HaproxyProcess) -> Iterator[Services]:
    with governing(haproxy) as services:
        yield services


def change(services: Services, old: str, new: str, **how: bool) -> Outcome:
    """Replace one line of the backend."""
    with services.config.edit(version=services.config.version(), **how) as edit:
        section = edit.document.find("backend", "be")
        assert section is not None
        at = next(at for at, line in enumerate(section.lines) if line.raw.strip() == old)
        line = section.lines[at].rewritten(new.split())
        edit.document = edit.document.replace(section, section.replace(at, line))
    assert edit.outcome is not None
    return edit.outcome


def running(haproxy: HaproxyProcess) -> str:
    """The servers of the worker that runs now; nothing while the master starts itself again."""
    master = RuntimeClient(SocketAddress(path=str(haproxy.master)), prefix="@1 ")
    with suppress(RuntimeFailed):
        return master.command("show servers conn be")
    return ""


def reloads(haproxy: HaproxyProcess) -> int:
    master = RuntimeClient(SocketAddress(path=str(haproxy.master)))
    return int(master.command("show proc").split("master", 1)[1].split()[0])


def test_a_change_is_reloaded_and_accepted(services: Services, haproxy: HaproxyProcess) -> None:
    before = reloads(haproxy)
    with services.config.edit(version=services.config.version()) as edit:
        section = edit.document.find("backend", "be")
        assert section is not None
        longer = section.insert(0, Line.make(["retries", "5"]))
        edit.document = edit.document.replace(section, longer)
    outcome = edit.outcome
    assert outcome.state == "queued"
    assert outcome.reload_id is not None
    until(lambda: services.reloads.record(str(outcome.reload_id)).status == "succeeded")
    assert reloads(haproxy) > before


def test_a_weight_is_changed_without_reload(services: Services, haproxy: HaproxyProcess) -> None:
    before = reloads(haproxy)
    old = "server s3 127.0.0.1:9 weight 10"
    outcome = change(services, old, old.replace("weight 10", "weight 77"))
    assert (outcome.state, outcome.reload_id) == ("applied", None)
    assert services.runtime.execute("get weight be/s3") == ["77 (initial 10)"]
    assert reloads(haproxy) == before
    assert services.reloads.records() == []


def test_a_transaction_without_a_change_is_a_reload(services: Services, haproxy: HaproxyProcess) -> None:
    for force in (False, True):
        before = reloads(haproxy)
        begun = services.transactions.begin(services.config.version())
        _, outcome = services.transactions.commit(begun.id, force_reload=force)
        assert (outcome.state, outcome.reload_id is None) == (("queued", False), ("reloaded", True))[force]
        if not force:
            until(lambda done=outcome: services.reloads.record(str(done.reload_id)).status == "succeeded")
            assert services.reloads.record(str(outcome.reload_id)).reason
        assert reloads(haproxy) > before
    version = services.config.version()
    with services.config.edit(version=version) as edit:  # as before: nothing is there to be brought
        pass
    assert (edit.outcome.state, edit.outcome.version) == ("applied", version + 1)


def test_a_failed_reload_puts_the_old_text_back(services: Services, haproxy: HaproxyProcess) -> None:
    text = haproxy.configuration.read_text()
    change(services, "server s2 127.0.0.1:9", "server good 127.0.0.1:9", force_reload=True)
    accepted = haproxy.configuration.read_text()
    # HAProxy's check does not open sockets: only the reload finds that this one cannot be.
    broken = text.replace(f"bind {haproxy.folder}/fe.sock", "bind /nowhere/at/all.sock")
    haproxy.configuration.write_text(broken)
    until(lambda: any(record.status == "failed" for record in services.reloads.records()))
    [failed] = [record for record in services.reloads.records() if record.status == "failed"]
    assert "/nowhere/at/all.sock" in failed.response
    assert failed.restored == services.config.version()
    assert failed.reason == "the file was edited"
    restored = haproxy.configuration.read_text()
    assert restored.split("\n", 1)[1] == accepted.split("\n", 1)[1]
    assert "be/good" in running(haproxy)


def test_what_haproxy_refuses_is_put_beside_the_file(services: Services, haproxy: HaproxyProcess) -> None:
    until(lambda: services.config.version() == 1)
    text = haproxy.configuration.read_text()
    bad = text.replace("  server s2", "  bogus-keyword 1\n  server s2")
    haproxy.configuration.write_text(bad)
    aside = haproxy.configuration.with_name("haproxy.cfg.rejected")
    until(lambda: any(record.status == "failed" for record in services.reloads.records()))
    assert aside.read_text() == bad
    assert haproxy.configuration.read_text().split("\n", 1)[1] == text
    entry = services.config.history.get(2)
    assert entry is not None and str(aside) in entry.reason
    told = [fact for fact in overview(services) if str(aside) in fact.text]
    assert [(fact.bad, fact.doubtful) for fact in told] == [(False, True)]
    aside.unlink()
    assert not any(str(aside) in fact.text for fact in overview(services))


def test_what_haproxy_refuses_stays_where_that_is_wanted(haproxy: HaproxyProcess) -> None:
    with governing(haproxy, **{"dataplane.on_bad_edit": "keep"}) as services:
        until(lambda: services.config.version() == 1)
        before, text = reloads(haproxy), haproxy.configuration.read_text()
        old = "server s2 127.0.0.1:9"
        for bad, word in (
            (text.replace("  server s2", "  bogus-keyword 1\n  server s2"), "bogus-keyword"),
            (text.removesuffix("\n"), "Missing LF"),
        ):
            haproxy.configuration.write_text(bad)
            until(lambda word=word: any(word in one.text for one in overview(services) if one.bad))
            assert (haproxy.configuration.read_text(), reloads(haproxy)) == (bad, before)
            assert services.reloads.records() == []
            if word == "bogus-keyword":
                with pytest.raises(CheckFailed, match="bogus-keyword.*since it was edited by hand"):
                    change(services, old, "server mine 127.0.0.1:9")
        # What is checked is what would be written: with its last line ended, the text is valid.
        change(services, old, "server mine 127.0.0.1:9", force_reload=True)
        assert haproxy.configuration.read_text().endswith("\n")
        assert "be/mine" in running(haproxy)
        good = haproxy.configuration.read_text().replace("server mine", "server byhand")
        haproxy.configuration.write_text(good)
        until(lambda: "be/byhand" in running(haproxy))
        assert not any(one.bad for one in overview(services) if one.topic == "configuration")


def test_an_edit_by_hand_is_numbered_and_reloaded(services: Services, haproxy: HaproxyProcess) -> None:
    until(lambda: services.config.version() == 1)
    edited = haproxy.configuration.read_text().replace("server s2", "server byhand")
    haproxy.configuration.write_text(edited)
    until(lambda: "be/byhand" in running(haproxy))
    assert services.config.version() == 2
    assert haproxy.configuration.read_text() == edited


def test_a_start_alone_reloads_nothing(services: Services, haproxy: HaproxyProcess) -> None:
    before = reloads(haproxy)
    assert stays(lambda: services.reloads.records() == [] and reloads(haproxy) == before)


def test_a_socket_that_hangs_delays_a_change_and_no_more(
    haproxy: HaproxyProcess,
) -> None:
    unwatched = governing(haproxy, **{"dataplaneapi.disable_inotify": True})
    with unwatched as services, FakeRuntime(haproxy.folder / "hanging.sock", hangs=True):
        text = haproxy.configuration.read_text().replace("worker.sock", "hanging.sock")
        haproxy.configuration.write_text(text)
        old = "server s3 127.0.0.1:9 weight 10"
        with ends():
            outcome = change(services, old, old.replace("weight 10", "weight 78"))
        assert outcome.state == "queued"
