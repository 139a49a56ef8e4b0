"""What plans foretell of every recorded write, against a live HAProxy, in parts.

Each case is planned and made on the text that it was recorded on, and taken back. Commands go to
HAProxy, and all reloads are done. What came of each case is a line of the file of `--results`: a
run that is begun again with that file goes on where it ended, and sums up all that stands there.

    python -m tests.changes.foretold_cases --version 2.8 --interface v2 --part 1/2 --results FILE
"""

import argparse
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dataplane_core.errors import CheckFailed, DataplaneError, Finding
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.haproxy.master import ReloadResult
from tests.changes.foretold import UNCERTAIN, Foretold, foretold
from tests.changes.shop import V3
from tests.harness.fixtures import one_haproxy
from tests.harness.recorded import prepare_golden, shared_folder
from tests.harness.server import free_port

Verdict = Callable[[], list[Finding]]
PROGRAMS = {"v2": "golden_check.py", "v3": "golden_check_v3.py"}
_ALERT = re.compile(r"^\[ALERT\].*\[[^\]:]*:(\d+)\]", re.M)
_HEADER = re.compile(r"^(?=\S)", re.M)
_NUMBER = re.compile(rb"\A# _version=\d+\n")
_BEGIN = HaproxyChecker.begin
_AGAIN = 200
"""Reloads after which HAProxy is started anew: its master keeps something of each."""
_SAYS_EVERY = 100


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


class KnownVerdicts:
    """Stands before HAProxy's checks: what a text has been told, an equal one is told again.

    A plan and the change itself have the same text checked, and the first text is put back often.
    """

    def __init__(self, first: str) -> None:
        self._first, self._known = first.encode(), dict[bytes, Verdict]()

    @contextmanager
    def begin(self, checker: HaproxyChecker, path: Path) -> Iterator[Verdict]:
        """Check a file as the checker does, if its text is another one than that of the last checks."""
        text = _NUMBER.sub(b"", path.read_bytes(), count=1)
        if text in self._known:
            yield self._known[text]
            return
        self._known = {one: told for one, told in self._known.items() if one == self._first}
        with _BEGIN(checker, path) as verdict:
            yield lambda: self._noted(text, verdict)

    def _noted(self, text: bytes, verdict: Verdict) -> list[Finding]:
        try:
            found = verdict()
        except CheckFailed as refusal:
            self._known[text] = partial(_refuse, refusal)
            raise
        self._known[text] = lambda: found
        return found


def _refuse(refusal: CheckFailed) -> list[Finding]:
    raise refusal


class OneCase(Foretold):
    """What is foretold of one case; reloads are done where they are waited for, without a thread.

    To put the first text back needs no reload until HAProxy has to run with it: where the next plan
    is not one of a reload.
    """

    leads = False
    delay = 0.0
    done = 0
    behind = False
    """Whether HAProxy runs with another text than that of the file."""

    def planned(self, name: str, method: str, path: str, body: Any, **more: Any) -> tuple[Any, str]:
        """Plan a change as ever, with HAProxy on the text of the file where that counts."""
        answer, pid = super().planned(name, method, path, body, **more)
        if self.behind and answer.status_code == 200 and answer.json["verdict"] != "refused" and not _is_sure(answer.json):
            assert self.shop.app.services.reloads.control.reload().ok
            self.behind = False
            return super().planned(name, method, path, body, **more)
        return answer, pid

    def settle(self) -> None:
        """Do the reload that is asked for."""
        reloads = self.shop.app.services.reloads
        for one in reloads.records():
            if one.status == "in_progress":
                reloads.wait(one.id)

    def put_back(self, start: str) -> bool:
        """Load the text that the case began with; return whether HAProxy works on it."""
        if self.shop.file.read_text().partition("\n")[2] == start:
            return True
        self.done += 1
        self.behind = True
        raw = {"raw": start, "headers": {"Content-Type": "text/plain"}, "version": self.shop.version}
        control = self.shop.app.services.reloads.control
        try:
            with patch.object(control, "reload", lambda: ReloadResult(True, "")):
                back = self.shop.call("POST", f"{V3}/raw", force_reload="true", **raw)
            return back.status_code in (200, 201, 202) and self.process.poll() is None
        except (AssertionError, DataplaneError):
            return False


def _is_sure(plan: dict[str, Any]) -> bool:
    """Whether a plan is that of a reload, for the text alone."""
    delivery = plan["delivery"]
    return delivery["by"] == "reload" and "HAProxy takes no " not in delivery["reasons"][0]


class Results:
    """What came of each case, by the case's place among all, kept in a file if one is given."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.known: dict[int, dict[str, Any]] = {}
        if path is not None and path.exists():
            for line in path.read_text("utf-8").splitlines():
                one = json.loads(line)
                self.known[one["at"]] = one

    def note(self, at: int, case: str, came: str, problems: list[str]) -> None:
        """Keep what came of a case."""
        self.known[at] = {"at": at, "case": case, "came": came, "problems": problems}
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self.known[at]) + "\n")

    def told(self) -> str:
        """The sums, and each lie."""
        came = Counter(one["came"] for one in self.known.values() if not one["problems"])
        lies = [problem for _, one in sorted(self.known.items()) for problem in one["problems"]]
        sums = f"cases {len(self.known)}, foretold right {came.total() - came[UNCERTAIN]}"
        return "\n".join([f"{sums}, not certain {came[UNCERTAIN]}, lies {len(lies)}; {dict(came)}", *lies])


class Run:
    """All cases of a part, with HAProxy started anew where a case has spoilt it."""

    def __init__(self, program: str, interface: str, results: Results) -> None:
        self.program, self.interface, self.results = program, interface, results
        self._once_more = -1

    def __call__(self, lines: Iterable[tuple[int, str]]) -> Iterator[int]:
        """Try the cases that have no result; yield how many have one."""
        left = [(at, line) for at, line in lines if at not in self.results.known]
        left.reverse()
        while left:
            with self.fresh() as (found, folder, start):
                while left and found.done < _AGAIN:
                    if not self.one(found, folder, *left[-1]):
                        break
                    left.pop()
                    if not len(self.results.known) % _SAYS_EVERY:
                        yield len(self.results.known)
                    if not found.put_back(start):
                        break

    @contextmanager
    def fresh(self) -> Iterator[tuple[OneCase, Path, str]]:
        """HAProxy and an application on the text that cases begin with."""
        with tempfile.TemporaryDirectory(prefix="foretold-") as name:
            folder = Path(name)
            start = start_text(self.program, folder, self.interface)
            known = KnownVerdicts(start)
            with (
                patch.object(HaproxyChecker, "begin", lambda *given: known.begin(*given)),
                foretold(self.program, folder, start, OneCase) as found,
            ):
                yield found, folder, start

    def one(self, found: OneCase, folder: Path, at: int, line: str) -> bool:
        """Try a case; return whether there is a result: one that fails is tried with another HAProxy first."""
        case = json.loads(line.replace("@FILES@", str(folder / "files")).replace("@DIR@", str(folder)))
        query = {name: value for name, value in case.get("query", {}).items() if name != "version"}
        found.sums.clear()
        found.problems.clear()
        try:
            found.try_change(
                case["id"], case["method"], case["path"], case.get("body"), version=found.shop.version, **query
            )
        except (AssertionError, DataplaneError, KeyError) as error:
            found.problems.append(f"{case['id']}: {type(error).__name__} {str(error)[:300]}")
        if found.problems and self._once_more != at:
            self._once_more = at
            return False
        came = UNCERTAIN if found.sums[UNCERTAIN] else next(iter(found.sums), "")
        self.results.note(at, case["id"], came, list(found.problems))
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--version", default="2.8", help="of HAProxy (2.8)")
    parser.add_argument("--interface", default="v2", choices=sorted(PROGRAMS), help="that was recorded (v2)")
    parser.add_argument("--part", default="1/1", help="which part of how many (1/1)")
    parser.add_argument("--results", type=Path, help="the file of results (none: begin anew, and keep nothing)")
    parser.add_argument("--only", default="", help="cases whose id has this in it")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # no HAProxy is left behind
    part, parts = map(int, arguments.part.split("/"))
    lines = list(enumerate(lines_of(arguments.interface)))[part - 1 :: parts]
    chosen = [(at, line) for at, line in lines if arguments.only in json.loads(line)["id"]]
    results, begun = Results(arguments.results), time.monotonic()
    for _ in Run(one_haproxy(arguments.version), arguments.interface, results)(chosen):
        print(f"of {len(chosen)}, {time.monotonic() - begun:.0f} s: {results.told()}", flush=True)
    print(f"{arguments.version} {arguments.interface} {arguments.part}: {results.told()}", flush=True)


if __name__ == "__main__":
    main()
