import logging
import multiprocessing
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dataplane_core.errors import NotFound, StorageFailed
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.reload import COMPLETED, ReloadQueue, ReloadRecord
from dataplane_core.haproxy.runtime import RuntimeClient
from dataplane_core.settings import Settings
from dataplane_core.store.journal.reloads import ReloadTable
from dataplane_core.store.journal.state import State
from dataplane_core.testing import FakeRuntime
from tests.haproxy.conftest import start
from tests.haproxy.support import configured, loads, queue_of, script
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import HaproxyProcess
from tests.harness.waiting import PATIENCE, ends, until

DELAY = 0.15


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state")
    yield state
    state.shutdown()


@pytest.fixture
def counted(tmp_path: Path) -> Path:
    """A file with a line for every run of `counting_settings`' reload command."""
    return tmp_path / "runs"


def counting_settings(tmp_path: Path, tail: str = "", **given: object) -> Settings:
    program = script(tmp_path / "reload", f"echo run >> {tmp_path}/runs\n{tail}")
    return configured(
        tmp_path, **{"reload__reload_cmd": str(program), "reload__reload_delay": DELAY, **given}
    )


@contextmanager
def leading(queue: ReloadQueue) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=queue.run_leader, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def over(queue: ReloadQueue, reload_id: str) -> ReloadRecord:
    until(lambda: queue.record(reload_id).status != "in_progress")
    return queue.record(reload_id)


def test_ten_changes_within_one_delay_share_one_reload(
    tmp_path: Path, state: State, counted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    delay = 3.0  # longer than ten requests take on a busy machine
    queue = queue_of(counting_settings(tmp_path, reload__reload_delay=delay), state)
    with leading(queue):
        begun, started = time.monotonic(), time.time()
        ids = {queue.request(version, f"change {version}") for version in range(2, 12)}
        assert len(ids) == 1
        assert re.fullmatch(time.strftime("%Y-%m-%d") + "-[0-9]+", min(ids))
        assert queue.record(min(ids)).reload_timestamp is None
        record = over(queue, min(ids))
        assert time.monotonic() - begun >= delay - 0.01
        assert (record.status, record.version) == ("succeeded", 11)
        assert started - 1 <= record.reload_timestamp <= time.time() + 1
        assert record.reason.startswith("change 2; change 3; ")
        second = queue.request(12, at_once=True)
        assert second not in ids
        over(queue, second)
    assert counted.read_text() == "run\nrun\n"
    assert [record.message for record in caplog.records].count(COMPLETED) == 2
    assert COMPLETED == "reload callback completed, runtime API reconfigured"
    told = [one.getMessage() for one in caplog.records if one.levelno == logging.INFO]
    assert told[0].startswith(f"reload {record.id} of version 11 begins: change 2; change 3; ")
    assert told[1:] == [
        f"reload {record.id} of version 11 succeeded",
        f"reload {second} of version 12 begins: it was asked for",
        f"reload {second} of version 12 succeeded",
    ]


def test_a_forced_reload_returns_when_it_is_over(tmp_path: Path, state: State, counted: Path) -> None:
    queue = queue_of(counting_settings(tmp_path, reload__reload_delay=600.0), state)
    with leading(queue):
        waiting = queue.request(2)
        with ends():
            record = queue.force(3)
    assert (record.id, record.status, record.version) == (waiting, "succeeded", 3)
    assert counted.read_text() == "run\n"


def test_a_forced_reload_is_done_where_nobody_leads(tmp_path: Path, state: State) -> None:
    queue = queue_of(counting_settings(tmp_path), state)
    assert queue.force(2).status == "succeeded"


def test_a_change_made_during_a_reload_gets_another(tmp_path: Path, state: State, counted: Path) -> None:
    queue = queue_of(counting_settings(tmp_path, "sleep 0.4"), state)
    with leading(queue):
        first = queue.request(2)
        until(counted.exists)
        assert queue.request(3) != first
        assert queue.force(4).version == 4
    assert counted.read_text() == "run\nrun\n"


@pytest.mark.parametrize("command", ["", "true", "false"])
def test_a_master_that_hangs_delays_no_request(
    tmp_path: Path, state: State, command: str
) -> None:
    with FakeRuntime(tmp_path / "m", hangs=True) as fake:
        given = {"master_runtime": str(fake.path), "reload__reload_cmd": command}
        queue = queue_of(configured(tmp_path, **given, reload__reload_delay=0.0), state)
        loads(queue, put_back_text=lambda record: 7)
        with leading(queue):
            queue.request(2)
            until(lambda: queue.under_way())
            with ends():
                record = queue.force(3)  # behind one that waits for the master already
            assert record.status == ("succeeded" if command == "true" else "failed")


def test_what_waits_is_done_when_the_server_stops(tmp_path: Path, state: State, counted: Path) -> None:
    queue = queue_of(counting_settings(tmp_path, reload__reload_delay=600.0), state)
    with leading(queue) as stop:
        reload_id = queue.request(2)
        stop.set()
    assert queue.record(reload_id).status == "succeeded"
    assert counted.read_text() == "run\n"


def test_listeners_are_told(tmp_path: Path, state: State) -> None:
    told: list[tuple[str, object]] = []
    queue = queue_of(
        counting_settings(tmp_path, f"[ ! -e {tmp_path}/fail ] || {{ echo 'Job failed.'; exit 1; }}"),
        state,
        lambda record: told.append(("hook", record)),
    )
    loads(
        queue,
        newest_version=lambda: 7,
        accept=lambda record: told.append(("succeeded", record.version)),
        put_back_text=lambda record: told.append(("failed", (record.status, record.response))),
    )
    record = queue.force(2)
    assert told == [("succeeded", 7), ("hook", record)]
    assert record.version == 7
    told.clear()
    (tmp_path / "fail").touch()
    record = queue.force(8)
    assert told == [("failed", ("failed", "exit status 1\nJob failed.")), ("hook", record)]
    assert (record.status, record.response, record.restored) == (
        "failed",
        "exit status 1\nJob failed.",
        None,
    )


@pytest.mark.parametrize("given", [{"reload__reload_cmd": ""}, {"reload__reload_cmd": "/nowhere/x"}])
def test_a_matter_of_settings_puts_nothing_back(tmp_path: Path, state: State, given: dict[str, str]) -> None:
    queue = queue_of(counting_settings(tmp_path, **given), state)
    loads(queue, put_back_text=lambda record: pytest.fail("the configuration is not to blame"))
    record = queue.force(2)
    assert record.status == "failed"
    assert "haproxy.reload.reload_cmd" in record.response


def test_after_a_failure_the_old_text_is_loaded_once(tmp_path: Path, state: State, counted: Path) -> None:
    queue = queue_of(counting_settings(tmp_path, "exit 1"), state)
    loads(queue, put_back_text=lambda record: record.version + 1)
    record = queue.force(5)
    assert (record.status, record.version, record.restored) == ("failed", 5, 6)
    assert counted.read_text() == "run\nrun\n"


def test_after_a_failure_nothing_more_is_done_where_haproxy_runs(
    tmp_path: Path, state: State, counted: Path
) -> None:
    queue = queue_of(counting_settings(tmp_path, "exit 1", reload__status_cmd="true"), state)
    loads(queue, put_back_text=lambda record: record.version + 1)
    assert queue.force(5).restored == 6
    assert counted.read_text() == "run\n"


def test_changes_undone_by_a_failure_wait_no_more(tmp_path: Path, state: State, counted: Path) -> None:
    queue = queue_of(counting_settings(tmp_path, "exit 1", reload__status_cmd="true"), state)
    meanwhile: list[str] = []

    def restore(record: ReloadRecord) -> int:
        meanwhile.append(queue.request(6))  # committed while the reload was under way
        return 7

    loads(queue, put_back_text=restore)
    record = queue.force(5)
    undone = queue.record(meanwhile[0])
    assert (undone.status, undone.restored) == ("failed", 7)
    assert undone.response == f"rolled back with version 5: {record.response}"
    assert queue.request(8) != undone.id


def test_a_change_after_the_failure_is_still_reloaded(tmp_path: Path, state: State) -> None:
    queue = queue_of(counting_settings(tmp_path, "exit 1", reload__status_cmd="true"), state)
    meanwhile: list[str] = []

    def restore(record: ReloadRecord) -> int:
        meanwhile.append(queue.request(8))  # committed on top of the restored version
        return 7

    loads(queue, put_back_text=restore)
    queue.force(5)
    assert queue.record(meanwhile[0]).status == "in_progress"


def test_a_listener_that_fails_stops_nothing(
    tmp_path: Path, state: State, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise RuntimeError("a mistake")

    queue = queue_of(counting_settings(tmp_path, "exit 1"), state)
    loads(queue, put_back_text=fail)
    assert queue.force(2).status == "failed"
    assert caplog.text.count("RuntimeError: a mistake") == 1


def test_an_unreadable_configuration_is_told_and_reloaded_all_the_same(
    tmp_path: Path, state: State, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable() -> int:
        raise StorageFailed("haproxy.cfg cannot be read: Permission denied")

    queue = queue_of(counting_settings(tmp_path), state)
    loads(queue, newest_version=unreadable)
    assert queue.force(2).version == 2
    assert "haproxy.cfg cannot be read: Permission denied" in caplog.text


def test_old_records_are_dropped_and_numbers_never_used_again(
    tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queue_of(counting_settings(tmp_path), state)
    first = queue.force(2)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 86400 + 5)
    second = queue.force(3)
    assert [record.id for record in queue.records()] == [second.id]
    assert second.id.rsplit("-", 1)[1] > first.id.rsplit("-", 1)[1]
    with pytest.raises(NotFound, match=f"reload {first.id} does not exist"):
        queue.record(first.id)


def test_without_retention_a_forced_reload_can_still_be_read(tmp_path: Path, state: State) -> None:
    queue = queue_of(counting_settings(tmp_path, reload__reload_retention=0), state)
    assert queue.force(2).status == "succeeded"


def begin_and_die(folder: Path, delay: float) -> None:
    """A leader that is killed in the middle of a reload."""
    settings = counting_settings(folder, f"sleep {delay}")
    queue = queue_of(settings, State(folder / "state"))
    queue.request(2)
    threading.Thread(target=queue.run_leader, args=(threading.Event(),), daemon=True).start()
    until((folder / "runs").exists)
    os._exit(137)


def test_a_reload_whose_leader_died_is_done_by_the_next(
    tmp_path: Path, state: State, counted: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=begin_and_die, args=(tmp_path, 0.2))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == 137
    queue = queue_of(counting_settings(tmp_path), state)
    [record] = queue.records()
    assert record.status == "in_progress"
    with leading(queue):
        assert over(queue, record.id).status == "succeeded"
    assert counted.read_text() == "run\nrun\n"


def test_a_reload_that_keeps_ending_its_leader_is_given_up(
    tmp_path: Path, state: State, counted: Path
) -> None:
    queue = queue_of(counting_settings(tmp_path), state)
    reload_id = queue.request(2)
    with state.write() as connection:
        connection.execute("UPDATE reloads SET state = 'begun', begun = 0, attempts = 2")
    with leading(queue):
        record = over(queue, reload_id)
    assert (record.status, "is not known" in record.response) == ("failed", True)
    assert not counted.exists()


def test_a_program_of_haproxy_finds_its_reload_done(tmp_path: Path, state: State, counted: Path) -> None:
    rows = "7 master 1 [failed: 0] 0d00h10m16s 2.8\n9 worker 0 0d00h00m00s 2.8\n"
    with FakeRuntime(tmp_path / "m", {"show proc": rows}) as fake:
        queue = queue_of(counting_settings(tmp_path, master_runtime=str(fake.path)), state)
        reload_id = queue.request(2)
        with state.write() as connection:
            connection.execute("UPDATE reloads SET state = 'begun', begun = ?, attempts = 1", (time.time(),))
        with leading(queue):
            assert over(queue, reload_id).status == "succeeded"
    assert not counted.exists()


def force_elsewhere(folder: Path, answers: "multiprocessing.Queue[str]") -> None:
    queue = queue_of(counting_settings(folder, reload__reload_delay=600.0), State(folder / "state"))
    answers.put(queue.force(3).status)


def test_a_worker_that_does_not_lead_can_force(tmp_path: Path, state: State, counted: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    queue = queue_of(counting_settings(tmp_path, reload__reload_delay=600.0), state)
    with leading(queue):
        process = context.Process(target=force_elsewhere, args=(tmp_path, answers))
        process.start()
        assert answers.get(timeout=PATIENCE) == "succeeded"
        process.join(PATIENCE)
    assert counted.read_text() == "run\n"


def of_haproxy(haproxy: HaproxyProcess, state: State, **given: object) -> ReloadQueue:
    given = {"haproxy_bin": haproxy.program, "master_runtime": str(haproxy.master), **given}
    return queue_of(configured(haproxy.folder, reload__reload_delay=0.2, **given), state)


@pytest.mark.haproxy
def test_haproxy_reloads_once_for_ten_changes(own_haproxy: HaproxyProcess, state: State) -> None:
    queue = of_haproxy(own_haproxy, state)
    master = RuntimeClient(SocketAddress(path=str(own_haproxy.master)))
    before = re.search(r"master +([0-9]+)", master.command("show proc"))
    with leading(queue):
        [reload_id] = {queue.request(version) for version in range(2, 12)}
        record = over(queue, reload_id)
    after = re.search(r"master +([0-9]+)", master.command("show proc"))
    assert record.status == "succeeded", record.response
    assert before and after
    assert int(after[1]) - int(before[1]) == 1


@pytest.mark.haproxy
def test_haproxys_own_words_stand_in_the_record(own_haproxy: HaproxyProcess, state: State) -> None:
    good = own_haproxy.configuration.read_text()
    queue = of_haproxy(own_haproxy, state)

    def restore(record: ReloadRecord) -> int:
        own_haproxy.configuration.write_text(good)
        return 3

    loads(queue, put_back_text=restore)
    own_haproxy.configuration.write_text(good + "  bogus 1\n")
    record = queue.force(2)
    assert (record.status, record.version, record.restored) == ("failed", 2, 3)
    assert "unknown keyword 'bogus' in 'backend' section" in record.response
    assert queue.force(4).status == "succeeded"


def test_a_change_that_joins_as_the_reload_begins_is_part_of_it(tmp_path: Path, state: State) -> None:
    queue = queue_of(counting_settings(tmp_path), state)
    joined = []

    def loading() -> int:
        if not joined:
            joined.append(queue.request(3, "just in time"))
        return 2

    accepted: list[int] = []
    loads(queue, newest_version=loading, accept=lambda record: accepted.append(record.version))
    first = queue.request(2)
    done = queue.force(2)
    assert joined == [first] == [done.id]
    assert done.version == 3
    assert accepted == [3]


def test_a_reason_may_hold_bytes_that_are_no_text(tmp_path: Path, state: State) -> None:
    queue = queue_of(counting_settings(tmp_path), state)
    reload_id = queue.request(2, "user ren\udce9 was added")
    assert queue.record(reload_id).reason == "user ren\\udce9 was added"


@pytest.mark.haproxy
def test_a_haproxy_that_ends_of_a_reload_is_started_with_the_former_text(tmp_path: Path, state: State) -> None:
    pid_file = tmp_path / "pid"
    with start(one_haproxy("2.8"), tmp_path) as process:
        former = process.configuration.read_text()
        again = f"{process.program} -W -D -S {process.master} -p {pid_file} -f {process.configuration}"
        settings = configured(
            tmp_path,
            master_runtime=str(process.master),
            reload__restart_cmd=str(script(tmp_path / "restart", again)),
            reload__reload_grace=2.0,
        )
        queue = queue_of(settings, state)
        loads(queue, put_back_text=lambda record: process.configuration.write_text(former))
        process.configuration.write_text(f"{former}program p\n  command /bin/false\n")
        record = queue.force(2)
        assert (record.status, record.restored) == ("failed", len(former))
        assert re.search("master (has )?ended", record.said)
        try:
            until(lambda: queue.status() == "up")
        finally:
            os.kill(int(pid_file.read_text()), signal.SIGTERM)


@pytest.mark.parametrize("years", [-10, 10])
def test_who_sets_the_clock_makes_no_reload_early_or_late(
    tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    table = ReloadTable(state, 60.0, 1)
    table.request(2)
    wall = time.time()
    monkeypatch.setattr(time, "time", lambda: wall + years * 365 * 86400)
    assert table.due() is None
    monkeypatch.setattr(state, "ahead", state.ahead + 60)
    assert table.due() is not None


def test_a_reload_that_another_clock_has_asked_for_is_due(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    table = ReloadTable(state, 60.0, 1)
    table.request(2)
    monkeypatch.setattr(state, "ahead", state.ahead - 10 * 365 * 86400)  # the machine was started again
    assert table.due() is not None
