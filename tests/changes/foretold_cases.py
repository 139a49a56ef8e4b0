"""What plans foretell of every recorded write, against a live HAProxy, in parts.

Each case is planned and made on the text that it was recorded on, and taken back. Commands go to
HAProxy. Reloads are done for one case of so many (`--reloads 1` does all of them): for the others it
counts that the server asks for the reload, and HAProxy goes on with the text that it has.

    python -m tests.changes.foretold_cases --version 2.8 --interface v2 --part 1/2
"""

import argparse
import json
import random
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dataplane_core.errors import DataplaneError
from dataplane_core.haproxy.master import ReloadResult
from tests.changes.foretold import Foretold, foretold
from tests.changes.shop import V3
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import show_info
from tests.harness.recorded import prepare_golden, shared_folder
from tests.harness.server import free_port
from tests.harness.waiting import until

PROGRAMS = {"v2": "golden_check.py", "v3": "golden_check_v3.py"}
_ALERT = re.compile(r"^\[ALERT\].*\[[^\]:]*:(\d+)\]", re.M)
_HEADER = re.compile(r"^(?=\S)", re.M)
_AGAIN = 100
"""Reloads after which HAProxy is started anew: its master keeps something of each."""


def lines_of(interface: str) -> list[str]:
    """The recorded writes of an interface that configure HAProxy, a line each.

    Those of servers come first, as HAProxy takes many of them while it runs.
    """
    shared = shared_folder()
    assert shared is not None, "no recorded cases"
    folder = shared / "golden" / ("" if interface == "v2" else interface)
    every = (folder / "write.jsonl").read_text("utf-8").splitlines()
    chosen = [line for line in every if "/spoe/" not in json.loads(line)["path"]]
    random.Random(0).shuffle(chosen)
    return sorted(chosen, key=lambda line: json.loads(line)["resource"] != "server")


def start_text(program: str, folder: Path, interface: str) -> str:
    """The text that cases were recorded on, less the sections that this HAProxy does not know."""
    shared = shared_folder()
    assert shared is not None
    text = prepare_golden(shared, folder, False, PROGRAMS[interface]).read_text("utf-8").replace("  daemon\n", "")
    text = re.sub(r"(bind|peer \w+) 127\.0\.0\.1:\d+", lambda found: f"{found[1]} 127.0.0.1:{free_port()}", text)
    text = text.replace("global\n", f"global\n  stats socket {folder}/stats.sock level admin\n", 1)
    while at := _first_alert(program, folder, text):
        sections = _HEADER.split(text)
        ends = 0
        for one in sections:
            ends += one.count("\n")
            if ends >= at:
                sections.remove(one)
                break
        text = "".join(sections)
    return text


def _first_alert(program: str, folder: Path, text: str) -> int:
    (folder / "haproxy.cfg").write_text(text)
    command = [program, "-c", "-f", str(folder / "haproxy.cfg")]
    found = _ALERT.search(subprocess.run(command, capture_output=True, text=True).stderr)
    return int(found[1]) if found else 0


class WithheldReloads:
    """Stands before the reloads of a server: does them, or only counts them."""

    def __init__(self, found: Foretold) -> None:
        self._control = found.shop.app.services.reloads.control
        self._reload = self._control.reload
        self._control.reload = self.reload  # type: ignore[method-assign]
        self.withholds = False
        self.done = self.asked = 0

    def reload(self) -> ReloadResult:
        self.asked += 1
        if self.withholds:
            return ReloadResult(True, "")
        self.done += 1
        return self._reload()


class OneCase(Foretold):
    """What is foretold of one case, where its reload may be withheld."""

    reloads: WithheldReloads

    def compare(self, name: str, delivery: dict[str, Any], pid: str) -> None:
        """Look for what was foretold."""
        if not self.reloads.withholds:
            super().compare(name, delivery, pid)
            return
        by, asked = delivery["by"], bool(self.reloads.asked)
        self.sums[f"{by}, withheld" if by == "reload" else by] += 1
        if not asked and by != "reload":
            self.expect(self.told == delivery["commands"], name, f"told {self.told}, not {delivery}")
        elif asked and by != "reload" and delivery["notes"]:
            self.sums["said not to be certain"] += 1
        else:
            self.expect(asked == (by == "reload"), name, f"{asked} of a reload, though {delivery}: {self.why()}")
        self.expect(self.state()[0] == pid, name, "another worker, and nobody asked for it")


class Run:
    """All cases of a part, with HAProxy started anew where a case has spoilt it."""

    def __init__(self, program: str, interface: str, every: int) -> None:
        self.program, self.interface, self.every = program, interface, every
        self.sums: Counter[str] = Counter()
        self.problems: list[str] = []
        self.done = 0

    def __call__(self, lines: list[str]) -> Iterator[int]:
        """Try cases; yield how many were tried so far."""
        lost = ""
        while self.done < len(lines):
            with self.fresh() as (found, folder, start):
                while self.done < len(lines) and found.reloads.done < _AGAIN:
                    line = lines[self.done]
                    said = self.one(found, folder, start, line)
                    if said and lost != line:
                        lost = line
                        break  # once more, with another HAProxy
                    self.problems += [said] if said else []
                    self.done += 1
                    if said or not self.taken_back(found, start):
                        break
                self.sums += found.sums
                self.problems += found.problems
            yield self.done

    @contextmanager
    def fresh(self) -> Iterator[tuple[OneCase, Path, str]]:
        with tempfile.TemporaryDirectory(prefix="foretold-") as name:
            folder = Path(name)
            start = start_text(self.program, folder, self.interface)
            with foretold(self.program, folder, start, OneCase) as found:
                found.reloads = WithheldReloads(found)
                yield found, folder, start

    def one(self, found: OneCase, folder: Path, start: str, line: str) -> str:
        """Try a case; return what came between."""
        case = json.loads(line.replace("@FILES@", str(folder / "files")).replace("@DIR@", str(folder)))
        query = {name: value for name, value in case.get("query", {}).items() if name != "version"}
        found.reloads.withholds, found.reloads.asked = bool(self.done % self.every), 0
        try:
            found.try_change(
                case["id"], case["method"], case["path"], case.get("body"), version=found.shop.version, **query
            )
        except (AssertionError, DataplaneError, KeyError) as error:
            return f"{case['id']}: {type(error).__name__} {str(error)[:300]}"
        return ""

    def taken_back(self, found: OneCase, start: str) -> bool:
        """Put the first text back; return whether HAProxy still works on it."""
        if found.shop.file.read_text().partition("\n")[2] == start:
            return True
        # HAProxy has the case where commands or a reload have brought it.
        found.reloads.withholds = found.reloads.withholds and not found.told and bool(found.reloads.asked)
        raw = {"raw": start, "headers": {"Content-Type": "text/plain"}, "version": found.shop.version}
        try:
            back = found.shop.call("POST", f"{V3}/raw", force_reload="true", **raw)
            until(found.settled)
            return back.status_code in (200, 201, 202) and "Pid" in show_info(found.worker)
        except (AssertionError, DataplaneError):
            return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--version", default="2.8", help="of HAProxy (2.8)")
    parser.add_argument("--interface", default="v2", choices=sorted(PROGRAMS), help="that was recorded (v2)")
    parser.add_argument("--part", default="1/1", help="which part of how many (1/1)")
    parser.add_argument("--reloads", type=int, default=10, help="one case of so many is reloaded (10)")
    parser.add_argument("--only", default="", help="cases whose id has this in it")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.part.split("/"))
    lines = [one for one in lines_of(arguments.interface) if arguments.only in json.loads(one)["id"]][part - 1 :: parts]
    run, begun, told = Run(one_haproxy(arguments.version), arguments.interface, arguments.reloads), time.monotonic(), 0
    for done in run(lines):
        print(f"{done} of {len(lines)}, {time.monotonic() - begun:.0f} s: {dict(run.sums)}", flush=True)
        print(*run.problems[told:], sep="\n", end="\n" if run.problems[told:] else "", flush=True)
        told = len(run.problems)
    print(f"{arguments.interface} {arguments.part}: {dict(run.sums)}, {told} not as foretold", flush=True)


if __name__ == "__main__":
    main()
