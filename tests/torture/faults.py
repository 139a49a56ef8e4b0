"""Every system call of a commit, an upload, a reload and a start fails once, in turn.

A live server has one worker, whose threads strace makes fail; then each write of its processes
writes half of its bytes (`short_writes`). After each failure the client's answer
is true: what was acknowledged is there after a restart, what was refused is not, or is recorded as
taken back; haproxy.cfg is one version to the byte, an uploaded file the old or the new one; and the
server answers and takes changes, or says that it is read-only.
"""

import http.client
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from dataplane_core.errors import StorageFailed
from dataplane_core.store.disk_faults import REMEDY
from tests.harness.server import CONFIGURATION, NO_ANSWER, TRANSACTIONS, Answer, ApiServer
from tests.torture import strace
from tests.torture.clients import TAKEN_BACK, OneShot
from tests.torture.cycles import SKELETON
from tests.torture.judge import LITTER, judge
from tests.torture.ledger import Ledger
from tests.torture.shares import share
from tests.torture.short_writes import ShortWrites, compiler
from tests.torture.strace import Fault

KINDS = ("commit", "transaction", "reload", "upload", "start")
_STORAGE = "/v2/services/haproxy/storage/maps"
_MAP = "faults.map"
_BETWEEN_RESTARTS = 20
_BETWEEN_WORDS = 100
_REFUSED = "the next change is refused"


class FaultyServer:
    """A server that is told to do one thing again and again while its calls fail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.configuration = folder / "haproxy" / "haproxy.cfg"
        self.configuration.parent.mkdir(parents=True)
        self.configuration.write_text(SKELETON)
        self._settings = {
            "haproxy": {"reload": {"reload_delay": 0.05}},
            "dataplane": {"workers": 1, "threads": 1},
        }
        self.short = ShortWrites(folder) if compiler() else None
        environ = self.short.environ if self.short else {}
        self.server = ApiServer(self.configuration, folder / "server", self._settings, environ=environ)
        self._command = self.server.command
        self._log = folder / "strace.log"
        self._ledger = Ledger()
        self._count = 0
        self._map = 0
        self._maybe: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.notes: list[str] = []
        """What was wrong of the present start at first, and right later."""

    @property
    def places(self) -> list[str]:
        """Where a call has to be for its failure to be of interest."""
        return [str(self._folder)]

    def start(self) -> None:
        self.server.command = self._command
        self.server.start()
        self._client = OneShot(self.server.port)
        if not self._map_file.exists():
            self._put_map("POST")
        for action in (self._commit, self._transaction, self._reload, self._upload):
            action()  # whatever is done once for a process is done

    @property
    def _map_file(self) -> Path:
        return self._folder / "server" / "maps" / _MAP

    def worker(self) -> int:
        """The process that answers."""
        assert self.server.process is not None
        main = self.server.process.pid
        return int(Path(f"/proc/{main}/task/{main}/children").read_text().split()[0])

    def action(self, kind: str) -> Callable[[], None]:
        """What is done while a call fails."""
        actions = {"commit": self._commit, "transaction": self._transaction, "reload": self._reload}
        return {**actions, "upload": self._upload}[kind]

    def trace(self, kind: str) -> str:
        """The calls of an action that goes well."""
        with strace.attached(self.worker(), strace.everything(), self._log):
            self.action(kind)()
        return self._log.read_text("utf-8", "replace")

    def suffer(self, kind: str, fault: Fault) -> list[str]:
        """Do something while a call fails; all that is wrong then."""
        with strace.attached(self.worker(), fault.arguments, self._log):
            self.action(kind)()
        failed = strace.injected(self._log.read_text("utf-8", "replace"))
        self.counts["tried"] += 1
        self.counts["failed calls"] += len(failed)
        if not failed:
            self.counts["calls that did not come"] += 1
        if any(map(strace.cannot_fail, failed)):
            self.counts["failed an unlock"] += 1
            return self.restart()
        problems = self._judged()
        elsewhere = not any(place in line for line in failed for place in self.places)
        if self.counts.pop("unforeseen", 0) and not elsewhere:  # a module that is loaded late
            problems.append(f"an unforeseen failure: {self.server.log.read_text()[-2000:]}")
        return problems and [*problems, *failed]

    def count_writes(self, kind: str) -> int:
        """How many writes an action takes that goes well; 0 where none can be made short."""
        if self.short is None:
            return 0
        with self.short.armed(0):
            self._start_as_told() if kind == "start" else self.action(kind)()
        return self.short.seen

    def write_half(self, kind: str, when: int) -> list[str]:
        """Do something while a write writes half of its bytes; all that is wrong then."""
        assert self.short is not None
        with self.short.armed(when):
            refused = self._start_as_told() if kind == "start" else ""
            if kind != "start":
                self.action(kind)()
        self.counts["short writes"] += self.short.done
        problems = [f"no start: {refused}"] if refused else self._judged()
        return problems and [*problems, *([] if not refused else self.restart())]

    def _start_as_told(self) -> str:
        """Kill all, and start anew; why it does not start, else nothing."""
        self.server.kill()
        self.server.command = self._command
        try:
            self.server.start()
        except RuntimeError as error:
            return str(error)
        self._client = OneShot(self.server.port)
        return ""

    def _judged(self) -> list[str]:
        """What is wrong now, with the server alive."""
        try:
            problems = self._alive()
            self._client.version()  # whoever looks at the file finishes the record of it
        except (OSError, http.client.HTTPException) as error:
            return [f"{NO_ANSWER}: {error!r}"]
        try:
            return problems + [one for one in self._held() if not one.endswith(LITTER)]
        except StorageFailed as error:  # as it is while the server has a lock that was not given back
            return [*problems, f"nobody else can read the state: {error}"]

    def restart(self) -> list[str]:
        """Kill all, start again, and see what is there."""
        self.server.kill()
        self.server.command = self._command
        self.counts["restarts"] += 1
        try:
            self.server.start()
        except RuntimeError as error:
            return [f"no start: {error}"]
        self._client = OneShot(self.server.port)
        self._client.version()  # the file has been looked at
        return self._held()

    def _alive(self) -> list[str]:
        """It takes a change, or says that it takes none."""
        answer = self._commit()
        if answer is None or answer.status not in (201, 202):
            self.counts["refused the next change"] += 1
            if answer is not None and answer.status == 503 and REMEDY.encode() in answer.body:
                self.counts["read-only until the next start"] += 1
                return self.restart()
            told = "no answer" if answer is None else f"{answer.status} {answer.body[:200]!r}"
            return [f"{_REFUSED}: {told}", *self.restart()]
        return []

    def _held(self) -> list[str]:
        state = self._folder / "server" / "state"
        problems = judge(self.configuration, state, SKELETON, self._ledger)
        text = self._map_file.read_text()
        if text not in self._maybe:
            problems.append(f"the uploaded file is neither old nor new: {text[:60]!r}")
        return problems + [f"{one.name} {LITTER}" for one in self._map_file.parent.glob(".*.tmp")]

    def _new_name(self) -> str:
        self._count += 1
        name = f"server-{self._count}"
        self._ledger.tried(name)
        return name

    def _commit(self, **query: object) -> Answer | None:
        return self._asked(lambda name, version: self._add(name, version=version, **query))

    def _reload(self) -> Answer | None:
        return self._commit(force_reload="true")

    def _transaction(self) -> Answer | None:
        def act(name: str, version: int) -> Answer:
            begun = self._client.call("POST", TRANSACTIONS, version=version)
            if begun.status != 201:
                return begun
            added = self._add(name, transaction_id=begun.json["id"])
            if added.status != 202:
                self._client.call("DELETE", f"{TRANSACTIONS}/{begun.json['id']}")
                return added
            return self._client.call("PUT", f"{TRANSACTIONS}/{begun.json['id']}")

        return self._asked(act)

    def _add(self, name: str, **query: object) -> Answer:
        server = {"name": name, "address": "10.0.0.1", "port": 80}
        return self._client.call("POST", f"{CONFIGURATION}/servers", server, backend="be0", **query)

    def _asked(self, act: Callable[[str, int], Answer]) -> Answer | None:
        """Add a server, and note what is said of it; None without an answer."""
        name = self._new_name()
        try:
            seen = self._client.call("GET", f"{CONFIGURATION}/version")
            version = int(seen.json) if seen.status == 200 else 0
            answer = seen if seen.status != 200 else act(name, version)
        except (OSError, http.client.HTTPException):
            self.statuses[0] += 1
            return None
        self.statuses[answer.status] += 1
        if b"unforeseen" in answer.body:
            self.counts["unforeseen"] += 1
        if answer.status in (200, 201, 202):
            self._ledger.accepted([name], int(answer.headers["Configuration-Version"]))
        elif any(words in answer.body for words in (*TAKEN_BACK, b"is in place", b"is in the file")):
            self._ledger.accepted([name], version + 1)
        else:
            self._ledger.rejected([name])
        return answer

    def _upload(self) -> Answer | None:
        return self._put_map("PUT")

    def _put_map(self, method: str) -> Answer | None:
        """Replace the map; what may be in the file afterwards follows from the answer."""
        self._map += 1
        text = f"key{self._map} value\n" * 50
        try:
            if method == "POST":
                answer = _post_map(self.server, text)
            else:
                answer = self._client.call("PUT", f"{_STORAGE}/{_MAP}", text, skip_reload="true")
        except (OSError, http.client.HTTPException):
            self.statuses[0] += 1
            self._maybe.add(text)
            return None
        self.statuses[answer.status] += 1
        if answer.status in (200, 201, 202, 204) or b"is in place" in answer.body:
            self._maybe = {text}
        return answer

    def begin(self, fault: Fault) -> list[str]:
        """Start while a call fails: the server serves, or says in one line why not; then again without."""
        self.server.kill()
        self.notes.clear()
        log, before = self.server.log, self.server.log.stat().st_size
        paths = [word for place in self._watched() for word in ("-P", str(place))]
        options = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-o", str(self._log), *paths]
        self.server.command = [*options, *fault.arguments, *self._command]
        self._log.unlink(missing_ok=True)
        try:
            self.server.start(self._keeps_lock)
            self.counts["started all the same"] += 1
            self._client = OneShot(self.server.port)
            problems = self._settled()
        except RuntimeError as error:
            self.counts["starts refused"] += 1
            problems = [*wrong_refusal(str(error), log.read_bytes()[before:]), *self.restart()]
        self.counts["tried"] += 1
        self.counts["failed calls"] += len(self._failed())
        if self._keeps_lock():
            self.counts["failed an unlock"] += 1
            self.notes.clear()
            return self.restart()
        if self.counts.pop("unforeseen", 0):
            problems.append(f"an unforeseen failure: {log.read_bytes()[before:].decode('utf-8', 'replace')[-2000:]}")
        return problems and [*problems, *self._failed()]

    def _failed(self) -> list[str]:
        """The calls that were made to fail so far."""
        return strace.injected(self._log.read_text("utf-8", "replace")) if self._log.exists() else []

    def _keeps_lock(self) -> bool:
        """Whether a lock was not given back: the server may wait for it, which no system makes it do."""
        return any(map(strace.cannot_fail, self._failed()))

    def _settled(self) -> list[str]:
        """What stays wrong of a start that serves; what a later look or a restart has mended is noted.

        A change may be refused, and a record of one be made whole by a later look only, as each
        thread that begins since has a call of its own that fails.
        """
        problems = self._looked()
        for look, mended_by in ((self._looked, "a second look"), (self.restart, "a restart")):
            if not problems or problems[0].startswith(NO_ANSWER):
                break
            before, problems = problems, look()
            if not problems:
                self.counts[f"right after {mended_by}"] += 1
                self.notes.append(f"right after {mended_by}: {'; '.join([*before, *self._failed()])}")
        return problems

    def _looked(self) -> list[str]:
        return [one for one in self._judged() if not one.startswith(_REFUSED)]

    def _watched(self) -> list[Path]:
        """The files and folders that a start is about, those of the libraries aside."""
        folder = self._folder / "server"
        found = [one for top in (folder, self.configuration.parent) for one in top.rglob("*")]
        kept = [one for one in found if one.parent.name != "versions"]
        return [folder, self.configuration.parent, *kept]

    def trace_of_start(self) -> str:
        self.server.kill()
        paths = [word for place in self._watched() for word in ("-P", str(place))]
        options = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-o", str(self._log), *paths]
        self.server.command = [*options, *strace.everything(), *self._command]
        self.server.start()
        self.server.kill()
        return self._log.read_text("utf-8", "replace")


def wrong_refusal(error: str, told: bytes) -> list[str]:
    """What is wrong with how a start was refused that has said `told`."""
    words = told.decode("utf-8", "replace").strip()
    if error.startswith(NO_ANSWER):
        return [f"a start neither serves nor ends: {words[-400:]}"]
    if "Traceback" in words:
        return [f"a start ended with a trace: {words[-400:]}"]
    return [] if words else ["a start ended without a word"]


def _post_map(server: ApiServer, text: str) -> Answer:
    body = (
        f'--xyz\r\nContent-Disposition: form-data; name="file_upload"; filename="{_MAP}"\r\n\r\n{text}\r\n--xyz--\r\n'
    )
    kind = {"Content-Type": "multipart/form-data; boundary=xyz"}
    answer = server.client().call("POST", _STORAGE, text=body, headers=kind)
    assert answer.status == 201, answer.body
    return answer


class Figures:
    """What was tried of one kind, and what went wrong."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.calls = self.faults = 0
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()

    def __str__(self) -> str:
        answers = ", ".join(f"{count} × {status or 'none'}" for status, count in sorted(self.statuses.items()))
        more = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        return (
            f"{self.kind}: {self.calls} calls, {self.faults} calls × errors; {more}; answers {answers}; "
            f"{len(self.problems)} bad"
        )


def try_kind(folder: Path, kind: str, most: int = 0, seed: int = 0, errors: Iterable[str] = ()) -> Figures:
    """Let all calls of an action fail in turn, or as many as wanted, and all writes be short."""
    figures = Figures(kind)
    subject = FaultyServer(folder / f"{kind}-0")
    subject.start()
    again = 0
    try:
        cases: list[Fault | int] = _cases(subject, kind, most, seed, errors)
        figures.calls = len({(one.call, one.when) for one in cases if isinstance(one, Fault)})
        for number, case in enumerate(cases, 1):
            figures.faults += 1
            if isinstance(case, int):
                problems = subject.write_half(kind, case)
            else:
                problems = subject.begin(case) if kind == "start" else subject.suffer(kind, case)
            if not problems and number % _BETWEEN_RESTARTS == 0:
                problems = subject.restart()
            if subject.notes:
                print(*(f"{kind}, {case}: {note}" for note in subject.notes), sep="\n", flush=True)
                subject.notes.clear()
            if number % _BETWEEN_WORDS == 0:
                print(f"{kind}: {number} of {len(cases)}", flush=True)
            if problems:
                what = f"write {case} of a half" if isinstance(case, int) else str(case)
                figures.problems += [f"{kind}, {what}: {problem}" for problem in problems]
                print(*(f"{kind}, {what}: {problem}" for problem in problems), sep="\n", flush=True)
                subject = _anew(subject, figures, folder / f"{kind}-{(again := again + 1)}")
        figures.problems += [f"{kind}, at the end: {problem}" for problem in subject.restart()]
    finally:
        _settle(subject, figures)
    return figures


def _cases(
    subject: FaultyServer, kind: str, most: int, seed: int, errors: Iterable[str]
) -> list[Fault | int]:
    """All faults of an action, or as many as wanted, and the numbers of its writes."""
    trace = subject.trace_of_start() if kind == "start" else subject.trace(kind)
    if kind == "start":
        subject.restart()
    found = share(list(strace.faults_of(trace, subject.places, errors)), most, seed)
    writes = share(list(range(1, subject.count_writes(kind) + 1)), most, seed)
    return [*found, *writes]


def _anew(subject: FaultyServer, figures: Figures, folder: Path) -> FaultyServer:
    _settle(subject, figures)
    made = FaultyServer(folder)
    made.start()
    return made


def _settle(subject: FaultyServer, figures: Figures) -> None:
    subject.server.kill()
    figures.counts += subject.counts
    figures.statuses += subject.statuses


def run_all(kinds: Iterable[str] = KINDS, most: int = 0, seed: int = 0) -> int:
    """Try all; 1 where something was lost, torn or untrue."""
    if strace.missing():
        print(f"skipped: {strace.missing()}")
        return 0
    bad = 0
    with tempfile.TemporaryDirectory(prefix="dataplane-faults-") as folder:
        for kind in kinds:
            figures = try_kind(Path(folder), kind, most, seed)
            print(figures, flush=True)
            bad += len(figures.problems)
    return int(bad > 0)

