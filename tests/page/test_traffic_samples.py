"""Samples of the last hour, in two files."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_plugins.page import traffic_samples
from dataplane_plugins.page.traffic_samples import HOUR, SampleFiles


class Clock:
    """The time, as the test sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_800_000_000.0
        monkeypatch.setattr(traffic_samples.time, "time", lambda: self.now)

    def sample(self, rate: int) -> dict[str, Any]:
        rows = {"frontends": {}, "backends": {"web": [rate, 0, 0, None]}, "servers": {}}
        return {"time": int(self.now * 1000), **rows}


def test_an_hour_is_kept_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = Clock(monkeypatch), SampleFiles(tmp_path)
    for minute in range(180):
        files.add(clock.sample(minute))
        clock.now += 60
    found = files.series("backends", "web")
    rates = found["values"]["rate"]
    assert rates == [*range(rates[0], 180)]
    assert 30 <= len(rates) <= HOUR / 60
    assert len(found["times"]) == len(rates)
    lines = sum(len(file.read_bytes().splitlines()) for file in tmp_path.glob("*.jsonl"))
    assert lines <= 62, "what is older goes"


def test_what_was_not_there_is_null(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = Clock(monkeypatch), SampleFiles(tmp_path)
    files.add(clock.sample(1))
    assert files.series("backends", "other")["values"]["rate"] == [None]
    assert files.series("servers", "web/web1")["values"]["scur"] == [None]


def test_a_line_that_is_cut_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = Clock(monkeypatch), SampleFiles(tmp_path)
    files.add(clock.sample(1))
    with (tmp_path / "traffic-a.jsonl").open("ab") as file:
        file.write(b'{"time": 18')
    assert files.series("backends", "web")["values"]["rate"] == [1]


def test_servers_that_are_too_many_are_asked_for_seldom() -> None:
    head = "# pxname,svname,scur,status,iid,type,rate,\n"
    asked: list[str] = []

    def dump(command: str) -> bytes:
        asked.append(command)
        servers = "".join(f"web,s{number},0,UP,3,2,1,\n" for number in range(2001))
        return (head + (servers if command == "show stat -1 4 -1" else "web,BACKEND,0,UP,3,1,1,\n")).encode()

    runtime = SimpleNamespace(processes=lambda: [SimpleNamespace(dump=dump)])
    sampler = traffic_samples.Sampler(runtime)  # type: ignore[arg-type]
    samples = [sampler.take() for _ in range(62)]
    assert all([*one["backends"]] == ["web"] and not one["servers"] for one in samples)
    assert asked.count("show stat -1 4 -1") == 2


def test_samples_are_wanted_for_an_hour_after_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = SampleFiles(tmp_path)
    assert not files.is_wanted()
    files.note_look()
    assert files.is_wanted()
    looked = (tmp_path / "traffic-looked").stat().st_mtime
    monkeypatch.setattr(traffic_samples.time, "time", lambda: looked + HOUR + 1)
    assert not files.is_wanted()


def test_samples_of_a_clock_that_was_wrong_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = Clock(monkeypatch), SampleFiles(tmp_path)
    clock.now += 400 * 86400
    files.add(clock.sample(1))
    clock.now -= 400 * 86400
    for minute in range(180):
        files.add(clock.sample(minute))
        clock.now += 60
    assert files.series("backends", "web")["values"]["rate"][-1] == 179
    lines = sum(len(file.read_bytes().splitlines()) for file in tmp_path.glob("*.jsonl"))
    assert lines <= 62


def test_a_full_disk_leaves_no_part_of_a_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = Clock(monkeypatch), SampleFiles(tmp_path)
    files.add(clock.sample(1))
    write = traffic_samples.os.write
    with monkeypatch.context() as full:
        full.setattr(traffic_samples.os, "write", lambda handle, data: write(handle, data[:20]))
        files.add(clock.sample(2))
    files.add(clock.sample(3))
    assert files.series("backends", "web")["values"]["rate"] == [1, 3]


NAMES = ["web", "we", "b", "web/web", "", "constructor", "__proto__", "time", "servers", "a.b:c-d_e", "\udcff", "\u00e9"]


def test_each_row_is_found_by_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = Clock(monkeypatch), SampleFiles(tmp_path)
    sample = clock.sample(0)
    for place, kind in enumerate(("frontends", "backends", "servers")):
        sample[kind] = {name: [at, place, None, -1] for at, name in enumerate(NAMES)}
    files.add(sample)
    for place, kind in enumerate(("frontends", "backends", "servers")):
        for at, name in enumerate(NAMES):
            columns = files.series(kind, name)["values"]
            assert [column[0] for column in columns.values()] == [at, place, None, -1], (kind, name)
        for name in ("w", 'web":[', "web,", ",", "{", "x"):
            assert {*files.series(kind, name)["values"]["scur"]} == {None}


def test_other_rows_cost_no_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = Clock(monkeypatch), SampleFiles(tmp_path)
    sample = clock.sample(0)
    sample["servers"] = {f"web/{number}": [1, 2, 3, 4] for number in range(2000)}
    files.add(sample)
    read, lengths = traffic_samples.json.loads, list[int]()
    monkeypatch.setattr(traffic_samples.json, "loads", lambda text: lengths.append(len(text)) or read(text))
    assert files.series("servers", "web/1999")["values"]["rate"] == [1]
    assert lengths == [len("[1,2,3,4]")]
