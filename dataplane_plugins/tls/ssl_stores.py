"""Certificates, CA files and revocation lists in the memory of the running HAProxy.

Management guide, section 9.3: `show ssl cert`, `new ssl cert`, `set ssl cert`, `commit ssl cert`,
`abort ssl cert`, `del ssl cert`, and the same for `ca-file` and `crl-file`; `add ssl ca-file` from
2.8 on. HAProxy keeps each under the name that it was loaded by, which is a path or not. What is set
waits in a transaction of HAProxy's own, one for each of the three, until it is committed.
"""

import re
from contextlib import AbstractContextManager, suppress

from dataplane_core.plugin import (
    AlreadyExists,
    BadRequest,
    DataplaneError,
    Invalid,
    NotFound,
    RuntimeClient,
    Services,
    dataclass,
    lazy_pattern,
    refused,
    rehearsing,
    runtime_argument,
)
from dataplane_plugins.patterns.one_at_a_time import changed_alone

COMMIT_SECONDS = 10.0
"""How long HAProxy may take to put a certificate to use, in all listeners that have it."""

_BEGUN = lazy_pattern(r"^transaction (?:created|updated) for ", re.IGNORECASE | re.MULTILINE)
_ROW = lazy_pattern(r"(?P<name>.*?)(?: - (?P<count>\d+ certificate\(s\)))?")
_ERRORS = {
    "already exists": AlreadyExists,
    "doesn't exist": NotFound,
    "not referenced by the configuration": NotFound,
}


@dataclass(frozen=True, slots=True)
class LoadedName:
    """The name of what HAProxy has loaded; of a CA file also how many certificates that has."""

    name: str
    count: str = ""


class SslStore:
    """What every process has of one kind: `cert`, `ca-file` or `crl-file`."""

    def __init__(self, services: Services, kind: str) -> None:
        self.runtime = services.runtime
        self.state = services.state
        self.kind = kind

    def all(self) -> list[LoadedName]:
        """Return what the first process has loaded, in its order."""
        return self.of(self.runtime.processes()[0])

    def of(self, client: RuntimeClient) -> list[LoadedName]:
        """Return what one process has loaded; what waits for a commit is not."""
        dump = client.dump(f"show ssl {self.kind}", self.runtime.deadline)
        answer = dump.decode("utf-8", "replace")
        rows = (line for line in answer.splitlines() if line and not line.startswith(("#", "*")))
        matches = (_ROW.fullmatch(line.rstrip()) for line in rows)
        return [LoadedName(match["name"], match["count"] or "") for match in matches if match]

    def one(self, name: str) -> LoadedName:
        """Return what has a name; raises `NotFound`."""
        found = next((one for one in self.all() if one.name == name), None)
        if found is None:
            raise NotFound(f"the running HAProxy has loaded no {self.kind} {name}")
        return found

    def details(self, name: str) -> list[str]:
        """Return the lines of what HAProxy says of one; raises `NotFound`."""
        self.one(name)
        command = f"show ssl {self.kind} {runtime_argument(name)}"
        client = self.runtime.processes()[0]
        return client.dump(command, self.runtime.deadline).decode("utf-8", "replace").splitlines()

    def create(self, name: str, text: str) -> None:
        """Load something new into every process; raises `AlreadyExists` and what `replace` does.

        When HAProxy refuses the text there is nothing new.
        """
        with self.changing():
            if any(one.name == name for one in self.all()):
                raise AlreadyExists(f"object already exists: HAProxy has the {self.kind} {name}")
            for client in self.runtime.processes():
                self.begin(client, name)
                try:
                    self.put(client, name, text)
                except DataplaneError:
                    with suppress(DataplaneError):
                        self.delete(client, name)
                    raise

    def replace(self, name: str, text: str, *, add: bool = False) -> None:
        """Load another content under a name that is known, or with `add` more of it.

        Raises `NotFound`, `Invalid` for what is larger than HAProxy takes, and `BadRequest` with
        HAProxy's words.
        """
        with self.changing():
            self.one(name)
            for client in self.runtime.processes():
                self.put(client, name, text, "add" if add else "set")

    def remove(self, name: str) -> None:
        """Forget something; raises `NotFound`, and `BadRequest` for what is in use."""
        with self.changing():
            if rehearsing() is not None and "Status: Used" in self.details(name):
                raise BadRequest(f"HAProxy uses {name}, and does not forget it")
            for client in self.runtime.processes():
                self.delete(client, name)

    def begin(self, client: RuntimeClient, name: str) -> None:
        """Make a name known to one process, without a content."""
        self._tell(client, f"new ssl {self.kind} {runtime_argument(name)}", "New ")

    def put(self, client: RuntimeClient, name: str, text: str, command: str = "set") -> None:
        """Give one process another content for a name, in a transaction of HAProxy's own."""
        word = runtime_argument(name)
        if len(text) + len(word) + 64 > self.runtime.line_limit:
            raise Invalid("it is larger than HAProxy takes over its socket; tune.bufsize sets that")
        answer = client.send(f"{command} ssl {self.kind} {word}", text, self.runtime.deadline)
        if not _BEGUN.search(answer):
            raise refused(_short(answer), _ERRORS)
        try:
            self._tell(client, f"commit ssl {self.kind} {word}", "Success", COMMIT_SECONDS)
        except DataplaneError:
            with suppress(DataplaneError):
                client.command(f"abort ssl {self.kind} {word}", self.runtime.deadline)
            raise

    def delete(self, client: RuntimeClient, name: str) -> None:
        """Have one process forget a name."""
        self._tell(client, f"del ssl {self.kind} {runtime_argument(name)}", "' deleted")

    def changing(self) -> AbstractContextManager[None]:
        """Keep other changes of this kind away: HAProxy has one transaction for all of them."""
        return changed_alone(self.state, f"ssl-{self.kind}", f"another {self.kind}", COMMIT_SECONDS)

    def _tell(
        self, client: RuntimeClient, text: str, expected: str, seconds: float | None = None
    ) -> None:
        if seconds is None:
            answer = client.command(text, self.runtime.deadline)
        else:
            answer = client.finish(text, seconds)
        if expected not in answer:
            raise refused(_short(answer), _ERRORS)


def _short(answer: str) -> str:
    return " ".join(answer.split())[:300] or "nothing"
