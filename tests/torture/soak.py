"""Many requests, and what a server has in use before and after: files, threads, memory, disk."""

import random
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path

from tests.harness.server import CONFIGURATION, TRANSACTIONS, ApiServer, Client
from tests.torture.cycles import SKELETON

MANY = 200_000
ABANDONED = 10_000
_WARM = 0.2
"""The part after which everything is in use that ever will be."""
_MOST = {"files": 8, "threads": 4, "kilobytes": 60_000}
"""How much more there may be at the end than when the server was warm."""


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

    def __init__(self, folder: Path) -> None:
        configuration = folder / "haproxy.cfg"
        configuration.write_text(SKELETON)
        self._server = ApiServer(configuration, folder / "server")
        self._random = random.Random(17)
        self.bad: list[str] = []
        self.open = 0

    def run(self, requests: int, abandoned: int) -> tuple[InUse, InUse]:
        """What was in use when the server was warm, and at the end."""
        with self._server:
            client = self._server.client()
            for number in range(int(requests * _WARM)):
                self._ask(client, number)
            self._abandon(client, int(abandoned * _WARM))
            warm = in_use(self._server)
            for number in range(int(requests * (1 - _WARM))):
                self._ask(client, number)
            self._abandon(client, int(abandoned * (1 - _WARM)))
            return warm, in_use(self._server)

    def _ask(self, client: Client, number: int) -> None:
        """Mostly reads; a change now and then, which the next one takes back."""
        path = f"{CONFIGURATION}/servers"
        if number % 50 == 0:
            body = {"name": "soaked", "address": "10.0.0.1", "port": 80}
            self._see(client.call("POST", path, body, backend="be0", version=client.version()).status, 202)
        elif number % 50 == 1:
            self._see(client.call("DELETE", f"{path}/soaked", backend="be0", version=client.version()).status, 202)
        elif number % 7 == 0:
            self._see(client.call("GET", f"{path}/missing-{number}", backend="be0").status, 404)
        else:
            self._see(client.call("GET", path, backend=f"be{self._random.randrange(4)}").status, 200)

    def _see(self, status: int, wanted: int) -> None:
        if status != wanted:
            self.bad.append(f"{status} instead of {wanted}")

    def _abandon(self, client: Client, count: int) -> None:
        for _ in range(count):
            status = client.call("POST", TRANSACTIONS, version=client.version()).status
            self.open += status == 201
            if status not in (201, 429):
                self.bad.append(f"a transaction: {status}")


def grown(warm: InUse, end: InUse) -> list[str]:
    """What there is too much more of."""
    pairs = zip(("files", "threads", "kilobytes"), astuple(warm), astuple(end), strict=False)
    return [f"{after - before} {what} more" for what, before, after in pairs if after - before > _MOST[what]]


def run_all(requests: int = MANY, abandoned: int = ABANDONED) -> int:
    """Ask, print what was in use, and tell whether it has grown."""
    with tempfile.TemporaryDirectory(prefix="dataplane-soak-") as folder:
        soak = Soak(Path(folder))
        warm, end = soak.run(requests, min(abandoned, requests))
    problems = soak.bad[:20] + grown(warm, end)
    print(*problems, f"{requests} requests, {soak.open} transactions left open", sep="\n")
    print(f"warm: {warm}", f"end: {end}", f"{len(soak.bad)} bad answers", sep="\n")
    return int(bool(problems))
