"""Set the clock of a running server years ahead and back: nothing ends early, hangs or is lost.

A small library (`set_clock.c`, made with the C compiler that is there) gives the server's processes, and
the programs that they start, another wall clock, which a file says.
"""

import contextlib
import http.client
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.harness.server import CONFIGURATION, TRANSACTIONS, Answer, ApiServer, Client, free_port
from tests.harness.waiting import until
from tests.server import certificates

SOURCE = Path(__file__).with_name("set_clock.c")
YEAR = 365 * 86400
JUMPS = (10, -10, 0, -10, 10, 0)
"""Years that the clock is off, one after the other; in between come twenty years at once."""
DELAY = 1.0
CONFIRM = 1
_MOST_LATE = 50.0
"""Seconds that a busy machine may take: a clock that counts would be off by years."""
_OWN = "/dataplane/v1"
_SERVERS = f"{CONFIGURATION}/servers"
_RELOADS = "/v2/services/haproxy/reloads"
_PAGE = {"X-Requested-With": "dataplane-page", "Host": "localhost"}
_TRIES = 5
_TEXT = "global\n\ndefaults\n  mode http\n\nbackend be\n  server old 192.0.2.1:80\n"


class _Anybody(Client):
    """A client without a password; `headers` are all that its requests have."""

    headers: dict[str, str] = {}


class Clocks:
    """A server with a clock that can be set, and what its clients have open."""

    def __init__(self, folder: Path) -> None:
        self._clock = folder / "clock"
        self._set(0)
        configuration = folder / "haproxy.cfg"
        configuration.write_text(_TEXT)
        self._port = free_port()
        environ = {"LD_PRELOAD": str(library(folder)), "CLOCK_OFFSET_FILE": str(self._clock)}
        certificate = certificates.make("authority").write(folder / "server.pem")
        tls = {"tls_port": self._port, "tls_certificate": certificate}
        settings = {
            "dataplaneapi": {"scheme": ["http", "https"], "tls": tls},
            "haproxy": {"reload": {"reload_delay": DELAY}},
            "dataplane": {"history_age": "1d", "password_tries": _TRIES, "credential_ttl": 0},
        }
        self._server = ApiServer(configuration, folder / "server", settings, environ=environ)
        self.problems: list[str] = []
        self.checks = 0
        self._years = 0

    def _set(self, years: int) -> None:
        """Set the clock of all processes."""
        new = self._clock.with_name("clock.new")
        new.write_text(f"{years * YEAR}\n")
        new.replace(self._clock)

    def run(self, jumps: tuple[int, ...] = JUMPS) -> list[str]:
        """Set the clock again and again, and start the server anew while it is off; all that is wrong."""
        with self._server:
            self._client = self._server.client()
            self._session = self._log_in()
            self._endless = self._token("endless")
            for years in jumps:
                self._across(years)
            self._server.stop()
            self._server.start()
            self._client = self._server.client()
            self._see("the session after a start", self._by_session().status, 200)
            self._see_history()
        return self.problems

    def _across(self, years: int) -> None:
        """What is begun before the clock is set, and how it goes on then."""
        self._years, client = years, self._client
        transaction = client.call("POST", TRANSACTIONS, version=client.version()).json["id"]
        self._see("an edit", self._edit(transaction, "before").status, 202)
        for _ in range(_TRIES + 1):
            self._wrong_password()
        self._see("the brake", self._wrong_password().status, 429)
        with self._tls() as kept:
            reload_id, asked = self._change()
            self._set(years)
            self._see("a kept connection", self._over(kept).status, 200)
        with self._tls() as new:
            self._see("a new connection", self._over(new).status, 200)
        self._see("the date", self._years_off(), years)
        self._see("the brake later", self._wrong_password().status, 429)
        self._see("the session", self._by_session().status, 200)
        self._see("a token without an end", self._by_token(self._endless).status, 200)
        self._see_reload(reload_id, asked)
        self._see("the transaction", client.call("GET", f"{TRANSACTIONS}/{transaction}").json["status"], "in_progress")
        self._see("another edit", self._edit(transaction, "after").status, 202)
        committed = client.call("PUT", f"{TRANSACTIONS}/{transaction}", rebase="true")
        self._see("the commit", committed.status, 202)
        names = {one["name"] for one in client.call("GET", _SERVERS, backend="be").data}
        self._see("what was committed", {f"before{years}", f"after{years}"} <= names, True)
        for name in (f"before{years}", f"after{years}", f"changed{years}"):
            client.call("DELETE", f"{_SERVERS}/{name}", backend="be", version=client.version())
        self._see_tokens()
        self._see_confirmation()
        self._see_history()

    def _see(self, what: str, found: object, wanted: object) -> None:
        self.checks += 1
        if found != wanted:
            self.problems.append(f"{self._years:+d} years, {what}: {found} instead of {wanted}")

    def _add(self, name: str, **query: object) -> Answer:
        body = {"name": name, "address": "192.0.2.2", "port": 80}
        return self._client.call("POST", _SERVERS, body, backend="be", **query)

    def _edit(self, transaction: str, when: str) -> Answer:
        return self._add(f"{when}{self._years}", transaction_id=transaction)

    def _change(self) -> tuple[str, float]:
        """Make a change that waits for a reload of its own; its id, and when it was asked for."""
        until(lambda: all(one["status"] == "succeeded" for one in self._client.call("GET", _RELOADS).json))
        asked = time.monotonic()
        answer = self._add(f"changed{self._years}", version=self._client.version())
        return answer.headers["Reload-ID"], asked

    def _see_reload(self, reload_id: str, asked: float) -> None:
        """The reload comes after its delay: neither at once nor in ten years."""
        path = f"{_RELOADS}/{reload_id}"
        until(lambda: self._client.call("GET", path).json["status"] == "succeeded")
        took = time.monotonic() - asked
        self._see("the delay of the reload", DELAY - 0.1 < took < DELAY + _MOST_LATE, True)

    def _see_confirmation(self) -> None:
        """What nobody confirms goes in its time, though the clock is set meanwhile."""
        client = self._client
        begun = time.monotonic()
        answer = self._add("trial", version=client.version(), confirm_within=f"{CONFIRM}s")
        self._see("a change on trial", answer.status, 202)
        for years in (3, -3, self._years):
            self._set(years)
            client.version()
        until(lambda: client.call("GET", f"{_SERVERS}/trial", backend="be").status == 404)
        took = time.monotonic() - begun
        self._see("the time to confirm", CONFIRM - 0.1 < took < CONFIRM + _MOST_LATE, True)

    def _see_tokens(self) -> None:
        """A token ends at its date: it goes by the wall clock, and nothing else."""
        secret = self._token(f"hour{time.monotonic_ns()}", 3600)
        self._see("a token of an hour", self._by_token(secret).status, 200)
        for years, status in ((20, 401), (-20, 200), (self._years, 200)):
            self._set(years)
            self._see(f"a token of an hour, {years} years off", self._by_token(secret).status, status)

    def _see_history(self) -> None:
        """All versions are there, in their order, each with its text: no age takes them."""
        newest = self._client.version()
        records = self._client.call("GET", f"{_OWN}/history", limit=1000).json
        numbers = [one["version"] for one in records]
        self._see("the history", numbers, list(range(newest, 0, -1)))
        texts = [self._client.call("GET", f"{_OWN}/history/{number}/text").status for number in numbers]
        self._see("its texts", set(texts), {200})

    def _token(self, name: str, lifetime: int = 0) -> str:
        body = {"name": name, "role": "reader", "lifetime": lifetime}
        answer = self._client.call("POST", f"{_OWN}/tokens", body)
        assert answer.status == 201, answer.body
        return str(answer.json["token"])

    def _by_token(self, secret: str) -> Answer:
        return self._client.call("GET", "/v3/info", headers={"Authorization": f"Bearer {secret}"})

    def _wrong_password(self) -> Answer:
        return Client(self._server.port, user="mallory", password="guess").call("GET", "/v2/info")

    def _log_in(self) -> str:
        anybody = _Anybody(self._server.port)
        body = {"user": "admin", "password": "adminpwd"}
        answer = anybody.call("POST", f"{_OWN}/session", body, headers=_PAGE)
        assert answer.status in (200, 201), answer.body
        return answer.headers["Set-Cookie"].partition(";")[0]

    def _by_session(self) -> Answer:
        client = _Anybody(self._server.port)
        client.headers = {**_PAGE, "Cookie": self._session}
        answer = client.call("GET", f"{_OWN}/session")
        if "Set-Cookie" in answer.headers:
            self._session = answer.headers["Set-Cookie"].partition(";")[0]
        return answer

    @contextlib.contextmanager
    def _tls(self) -> Iterator[http.client.HTTPSConnection]:
        trusting = ssl._create_unverified_context()
        made = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=30, context=trusting)
        try:
            self._over(made)
            yield made
        finally:
            made.close()

    def _over(self, connection: http.client.HTTPSConnection) -> Answer:
        connection.request("GET", "/v2/info", headers=self._client.headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def _years_off(self) -> int:
        """How many years the server's date is off: were it none, nothing would be tried."""
        date = self._client.call("GET", "/v2/info").headers["Date"]
        there = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        return round((there - datetime.now(UTC)).days / 365)


def library(folder: Path) -> Path:
    """Make the library."""
    made = folder / "set_clock.so"
    subprocess.check_call([str(shutil.which("cc")), "-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE)])
    return made


def missing() -> str:
    """Why the clock cannot be set here; empty where it can."""
    able = sys.platform == "linux" and shutil.which("cc")
    return "" if able else "without a C compiler, or Linux, no clock is set"


def run_all() -> int:
    """Set the clock, print what was looked at; 1 where something was not as it should be."""
    if missing():
        print(missing())
        return 0
    with tempfile.TemporaryDirectory(prefix="dataplane-clocks-") as folder:
        clocks = Clocks(Path(folder))
        problems = clocks.run()
    print(*problems, f"{len(JUMPS)} jumps of the clock, {clocks.checks} checks, {len(problems)} bad", sep="\n")
    return int(bool(problems))
