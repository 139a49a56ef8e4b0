"""The audit file: a chain that shows every change of it, and goes on whatever dies or is rotated."""

import json
import os

import pytest

from dataplane_core.errors import StorageFailed
from dataplane_core.store.audit_trail import AuditTrail
from dataplane_core.store.hash_chain import REPAIRED, START, link_of, verify
from dataplane_core.store.journal.state import State


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state")
    yield state
    state.shutdown()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


def write(state, path, *numbers):
    AuditTrail(path, state).append(lambda end: [{"event": "x", "number": one, "event_id": one} for one in numbers])


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def numbers(path):
    return [link.values.get("number") if (link := link_of(line.rstrip(b"\n"))) else None for line in lines(path)]


def verified(*paths):
    return verify([(one.name, lines(one)) for one in paths])


def test_each_line_follows_on_the_one_before(state, path):
    write(state, path, 1)
    write(state, path, 2, 3)
    found = verified(path)
    assert (found.links, found.fault) == (3, "")
    assert found.first.previous == START
    assert numbers(path) == [1, 2, 3]
    assert path.stat().st_mode & 0o777 == 0o600
    assert AuditTrail(path, state).end().event == 3


@pytest.mark.parametrize("at", range(5))
def test_a_line_that_is_changed_is_named(state, path, at):
    write(state, path, *range(5))
    text = lines(path)
    text[at] = text[at].replace(b'"number": %d' % at, b'"number": 7')
    path.write_bytes(b"".join(text))
    found = verified(path)
    assert (found.links, found.fault.split(":")[0]) == (at, f"audit.jsonl, line {at + 1}")


@pytest.mark.parametrize("at", range(1, 4))
def test_a_line_that_is_removed_is_missed(state, path, at):
    write(state, path, *range(5))
    text = lines(path)
    del text[at]
    path.write_bytes(b"".join(text))
    assert verified(path).fault == f"audit.jsonl, line {at + 1}: 1 lines before it are missing: {at} is followed by {at + 2}"


def test_lines_in_another_order_are_seen(state, path):
    write(state, path, *range(4))
    text = lines(path)
    path.write_bytes(b"".join([text[0], text[2], text[1], text[3]]))
    assert verified(path).fault.startswith("audit.jsonl, line 2")


def test_the_end_that_is_cut_off_is_seen_once_the_chain_goes_on(state, path):
    write(state, path, *range(4))
    path.write_bytes(b"".join(lines(path)[:2]))
    assert verified(path).fault == ""
    write(state, path, 4)
    assert verified(path).fault == "audit.jsonl, line 3: 2 lines before it are missing: 2 is followed by 5"


@pytest.mark.parametrize("cut", [1, 2, 40, 150])
def test_half_a_line_is_ended_and_told(state, path, caplog, cut):
    """What a killed process had begun: the state has noted nothing of it."""
    write(state, path, 1)
    whole = path.read_bytes()
    noted = state.value("audit")
    write(state, path, 2)
    state.set_value("audit", noted)
    path.write_bytes(path.read_bytes()[: len(whole) + cut])
    write(state, path, 2)
    found = verified(path)
    assert (found.links, found.fault) == (3, "")
    assert json.loads(lines(path)[2])["event"] == REPAIRED
    assert numbers(path)[3:] == [2]
    assert "half a line" in caplog.text


def test_half_a_line_that_is_changed_afterwards_is_seen(state, path):
    write(state, path, 1)
    path.write_bytes(path.read_bytes() + b'{"seq": 2, "ev')
    write(state, path, 2)
    path.write_bytes(path.read_bytes().replace(b'{"seq": 2, "ev\n', b'{"seq": 2, "xx\n'))
    assert verified(path).fault.startswith("audit.jsonl, line 2")


def test_a_whole_line_without_its_end_is_a_line(state, path):
    write(state, path, 1)
    noted = state.value("audit")
    write(state, path, 2)
    state.set_value("audit", noted)
    path.write_bytes(path.read_bytes()[:-1])
    assert AuditTrail(path, state).append(lambda end: [{"number": end.event, "event_id": 3}]) is None
    assert numbers(path) == [1, 2, 2]
    assert verified(path).fault == ""


def test_the_chain_goes_on_after_a_rotation(state, path, tmp_path):
    write(state, path, 1, 2)
    old = tmp_path / "audit.jsonl.1"
    os.rename(path, old)
    write(state, path, 3)
    found = verified(old, path)
    assert (found.links, found.fault) == (3, "")
    alone = verified(path)
    assert (alone.links, alone.first.seq, alone.fault) == (1, 3, "")
    path.write_bytes(b"")  # copied and truncated
    write(state, path, 4)
    assert json.loads(lines(path)[0])["seq"] == 4


def test_a_chain_goes_on_with_a_new_state(state, path, tmp_path):
    write(state, path, 1, 2)
    other = State(tmp_path / "other")
    write(other, path, 3)
    assert verified(path).links == 3
    other.shutdown()


def test_a_long_line_is_found_again(state, path):
    AuditTrail(path, state).append(lambda end: [{"text": "x" * 300_000, "event_id": 1}])
    write(state, path, 2)
    assert verified(path).links == 2


def test_nothing_to_tell_writes_nothing(state, path):
    AuditTrail(path, state).append(lambda end: [])
    assert path.read_bytes() == b""
    assert AuditTrail(path, state).end().seq == 0


def test_a_file_that_cannot_be_written_is_named(state, tmp_path):
    with pytest.raises(StorageFailed, match="nowhere/audit"):
        write(state, tmp_path / "nowhere" / "audit", 1)


@pytest.mark.parametrize("line", [b"", b"{}", b'{"seq": 1}', b'{"a": 1, "hash": "' + b"0" * 64 + b'"}', b"\xff"])
def test_what_is_no_link(line):
    assert link_of(line) is None
