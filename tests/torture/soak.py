"""Many requests of all kinds, and what a server has in use before and after: files, threads, memory, disk.

Afterwards transactions are opened and abandoned: as many as the server takes at once, and then, in a
server that gives them up soon, wave after wave. The state must not grow with those that are given up.
"""

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

from tests.harness.server import CONFIGURATION, TRANSACTIONS, Answer, ApiServer, Client
from tests.harness.waiting import until
from tests.torture.cycles import SKELETON

MANY = 200_000
ABANDONED = 10_000
_WARM = 0.2
"""The part after which everything is in use that ever will be."""
_MOST = {"files": 8, "threads": 4, "kilobytes": 60_000, "disk": 16_000_000}
"""How much more there may be at the end than when the server was warm."""
_KEPT_VERSIONS = 50
_PER_TRANSACTION = 2048
"""Bytes on the disk that an open transaction without changes may take."""
V3 = "/v3/services/haproxy"
_SERVERS = f"{CONFIGURATION}/servers"
_FORM = (
    '--BB\r\nContent-Disposition: form-data; name="file_upload"; filename="{name}"\r\n\r\n{text}\r\n--BB--\r\n'
)
_PATHS = (
    f"{CONFIGURATION}/backends", f"{CONFIGURATION}/frontends", f"{CONFIGURATION}/global",
    f"{CONFIGURATION}/raw", f"{CONFIGURATION}/version", TRANSACTIONS, "/v2/info", "/v2/health", "/v2",
    "/v2/services/haproxy/reloads", "/v2/services/haproxy/sites", "/v2/services/haproxy/storage/maps",
    f"{V3}/configuration/backends", f"{V3}/configuration/backends/be0/servers", f"{V3}/configuration/version",
    "/v3/info", "/dataplane/v1/history", "/v1/services/haproxy/configuration/frontends",
)  # fmt: skip
"""What is read, one after the other: pages of all versions."""


@dataclass(frozen=True)
class InUse:
    """What the processes of a server have in use."""

    files: int
    threads: int
    kilobytes: int
    disk: int

    def __str__(self) -> str:
        return f"{self.files} files, {self.threads} threads, {self.kilobytes} kB of memory, {self.disk // 1024} kB on disk"


def in_use(server: ApiServer) -> InUse:
    """Look at all processes of a server, and at its folder."""
    assert server.process is not None
    main = server.process.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    files = threads = memory = 0
    for process in (str(main), *children):
        place = Path("/proc", process)
        files += len(list((place / "fd").iterdir()))
        threads += len(list((place / "task").iterdir()))
        memory += int((place / "statm").read_text().split()[1]) * 4
    disk = sum(one.stat().st_size for one in server.folder.rglob("*") if one.is_file())
    return InUse(files, threads, memory, disk)


class Soak:
    """One server, and a client that asks it for all kinds of things."""

    def __init__(self, folder: Path, settings: dict[str, object] | None = None) -> None:
        configuration = folder / "haproxy.cfg"
        configuration.write_text(SKELETON)
        own = {"dataplane": {"history_limit": _KEPT_VERSIONS, **(settings or {})}}
        self._server = ApiServer(configuration, folder / "server", own)
        self._random = random.Random(17)
        self._transaction = ""
        self._kinds: dict[int, tuple[Callable[[Client, int], Answer], tuple[int, ...]]] = {
            10: (self._bad_body, (400, 422)), 20: (self._stranger, (401,)), 30: (self._unserved, (404, 405)),
            40: (self._of_haproxy, (503,)), 50: (self._add, (202,)), 51: (self._delete, (202, 204)),
            73: (self._begin, (201,)), 74: (self._edit, (202,)), 75: (self._end, (200, 202, 204)),
            90: (self._upload, (201, 202)), 91: (self._unload, (202, 204)),
        }  # fmt: skip
        self.bad: list[str] = []
        self.open = 0
        self.seen: Counter[int] = Counter()
        self.after: InUse | None = None

    def run(self, requests: int, abandoned: int) -> tuple[InUse, InUse]:
        """What was in use when the server was warm, and at the end; `abandoned` come after that."""
        with self._server:
            client = self._server.client()
            for number in range(int(requests * _WARM)):
                self._ask(client, number)
            warm = in_use(self._server)
            for number in range(int(requests * _WARM), requests):
                self._ask(client, number)
            end = in_use(self._server)
            self._abandon(client, abandoned, end)
            return warm, end

    def _ask(self, client: Client, number: int) -> None:
        """Mostly reads; in each hundred some changes, which later ones take back, and what is refused."""
        if number % 100 in self._kinds:
            ask, wanted = self._kinds[number % 100]
            self._see(ask(client, number), ask.__name__, wanted)
            return
        if number % 7 == 0:
            self._see(client.call("GET", f"{_SERVERS}/missing-{number}", backend="be0"), "missing", (404,))
        elif number % 2:
            path = _PATHS[number // 2 % len(_PATHS)]
            self._see(client.call("GET", path), path, (200,))
        else:
            answer = client.call("GET", _SERVERS, backend=f"be{self._random.randrange(4)}")
            self._see(answer, "servers", (200,))

    def _add(self, client: Client, number: int) -> Answer:
        body = {"name": "soaked", "address": "10.0.0.1", "port": 80, "weight": number % 256}
        return client.call("POST", _SERVERS, body, backend="be0", version=client.version())

    def _delete(self, client: Client, number: int) -> Answer:
        return client.call("DELETE", f"{_SERVERS}/soaked", backend="be0", version=client.version())

    def _begin(self, client: Client, number: int) -> Answer:
        begun = client.call("POST", TRANSACTIONS, version=client.version())
        self._transaction = begun.json["id"]
        return begun

    def _edit(self, client: Client, number: int) -> Answer:
        body = {"name": "be3", "balance": {"algorithm": self._random.choice(("first", "roundrobin", "leastconn"))}}
        path = f"{CONFIGURATION}/backends/be3"
        return client.call("PUT", path, body, transaction_id=self._transaction)

    def _end(self, client: Client, number: int) -> Answer:
        """Commit every other transaction, and give the rest up."""
        method = "PUT" if number // 100 % 2 else "DELETE"
        return client.call(method, f"{TRANSACTIONS}/{self._transaction}")

    def _upload(self, client: Client, number: int) -> Answer:
        text = _FORM.format(name=f"soaked{number % 3}.map", text=f"key {number}\n")
        headers = {"Content-Type": "multipart/form-data; boundary=BB"}
        return client.call("POST", "/v2/services/haproxy/storage/maps", text=text, headers=headers)

    def _unload(self, client: Client, number: int) -> Answer:
        name = f"soaked{(number - 1) % 3}.map"
        return client.call("DELETE", f"/v2/services/haproxy/storage/maps/{name}")

    def _bad_body(self, client: Client, number: int) -> Answer:
        headers = {"Content-Type": "application/json"}
        text = '{"name": ' * (1 + number // 100 % 5)
        return client.call("POST", _SERVERS, text=text, headers=headers, backend="be0", version=number)

    def _stranger(self, client: Client, number: int) -> Answer:
        return client.call("GET", _PATHS[number // 100 % len(_PATHS)], headers={"Authorization": "Basic YTpi"})

    def _unserved(self, client: Client, number: int) -> Answer:
        return client.call("DELETE", "/v2/info") if number % 200 < 100 else client.call("GET", f"/v9/{number}")

    def _of_haproxy(self, client: Client, number: int) -> Answer:
        return client.call("GET", "/v2/services/haproxy/runtime/info")

    def _see(self, answer: Answer, what: str, wanted: tuple[int, ...]) -> None:
        self.seen[answer.status] += 1
        if answer.status not in wanted:
            self.bad.append(f"{what}: {answer.status} instead of {wanted}: {answer.body[:200]!r}")

    def _abandon(self, client: Client, count: int, before: InUse) -> None:
        """Open transactions that nobody ends; the server's limit is told, and the disk looked at."""
        for _ in range(count):
            answer = client.call("POST", TRANSACTIONS, version=client.version())
            self.open += answer.status == 201
            refused = answer.status == 429 and b"reached the maximum amount" in answer.body
            if answer.status != 201 and not refused:
                self.bad.append(f"a transaction: {answer.status}")
        self.after = in_use(self._server)
        grown = self.after.disk - before.disk
        if grown > 1_000_000 + self.open * _PER_TRANSACTION:
            self.bad.append(f"{self.open} open transactions take {grown} bytes")


def grown(warm: InUse, end: InUse) -> list[str]:
    """What there is too much more of."""
    pairs = zip(_MOST, astuple(warm), astuple(end), strict=True)
    return [f"{after - before} {what} more" for what, before, after in pairs if after - before > _MOST[what]]


@dataclass(frozen=True)
class Waves:
    """Answers to clients that open transactions and abandon them, and what the state keeps of these."""

    opened: int
    refused: int
    most_rows: int
    disk: int


def waves(folder: Path, count: int, at_once: int = 200) -> Waves:
    """Open and abandon so many transactions in a server that gives them up after a second."""
    (folder / "haproxy.cfg").write_text(SKELETON)
    settings = {
        "dataplaneapi": {"transaction": {"max_open_transactions": at_once}},
        "dataplane": {"transaction_ttl": 1},
    }
    opened = refused = rows = 0
    with ApiServer(folder / "haproxy.cfg", folder / "waves", settings) as server:
        client = server.client()
        version = client.version()

        def begin() -> int:
            status = client.call("POST", TRANSACTIONS, version=version).status
            assert status in (201, 429), status
            return status

        while opened < count:
            if begin() == 429:
                refused, rows = refused + 1, max(rows, len(client.call("GET", TRANSACTIONS).json))
                until(lambda: begin() == 201)
            opened += 1
        return Waves(opened, refused, rows, in_use(server).disk)


def run_all(requests: int = MANY, abandoned: int = ABANDONED) -> int:
    """Ask, print what was in use, and tell whether it has grown."""
    abandoned = min(abandoned, requests)
    with tempfile.TemporaryDirectory(prefix="dataplane-soak-") as folder:
        soak = Soak(Path(folder))
        warm, end = soak.run(requests, abandoned + 1)
        problems = soak.bad[:20] + grown(warm, end)
        print(*problems, f"{requests} requests: {dict(sorted(soak.seen.items()))}", sep="\n")
        print(f"warm: {warm}", f"end: {end}", f"{len(soak.bad)} bad answers", sep="\n")
        print(f"{soak.open} transactions left open at once, then: {soak.after}", flush=True)
        found = waves(Path(folder), abandoned)
    print(f"{found.opened} opened and given up after a second, 200 at once: at most {found.most_rows} are kept")
    return int(bool(problems))
