"""A store with a checker and a queue of reloads that do as they are told."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dataplane_core.errors import CheckFailed, Finding
from dataplane_core.settings import Settings
from dataplane_core.store import ConfigStore, State, VersionedFile
from dataplane_core.store.ports import no_object, no_objects, only_reloads
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.language import Language

LANGUAGE = Language({"global", "defaults", "frontend", "backend", "listen"})
TEXT = """\
# my own comment

global
  daemon

defaults
  mode http

backend be1
  server s1 10.0.0.1:80  # trailing

backend be2
  server s1 10.0.0.2:80
"""


@dataclass
class FakeChecker:
    """Refuses what holds the word `refused`; tells warnings of lines with `odd`."""

    paths: list[Path] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    before: object = None

    @contextmanager
    def begin(self, path: Path):
        yield lambda: self.check(path)

    def check(self, path: Path) -> list[Finding]:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        self.paths.append(path)
        self.texts.append(text)
        if callable(self.before):
            self.before()
        found = []
        for number, line in enumerate(text.split("\n"), 1):
            if "refused" in line or "odd" in line:
                severity = "alert" if "refused" in line else "warning"
                found.append(Finding(number, severity, f"parsing [{path}:{number}]: {line!r}"))
        if any(finding.severity == "alert" for finding in found):
            raise CheckFailed("no", tuple(found))
        return found


@dataclass
class FakeRecord:
    status: str = "succeeded"
    said: str = "ok"
    id: str = "2026-11-21-9"
    restored: int | None = None


@dataclass
class FakeReloads:
    requested: list[int] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    forced: list[int] = field(default_factory=list)
    under_way: list[int] = field(default_factory=list)
    record: FakeRecord = field(default_factory=FakeRecord)

    def loading(self) -> list[int]:
        return self.under_way

    def request(self, version: int, reason: str = "") -> str:
        self.requested.append(version)
        self.reasons.append(reason)
        return f"2026-11-21-{len(self.requested)}"

    def force(self, version: int) -> FakeRecord:
        self.forced.append(version)
        return self.record


class Bench:
    """One configuration file, and as many stores on it as a test wants."""

    def __init__(self, directory: Path, text: str | None = TEXT) -> None:
        self.directory = directory
        self.file = directory / "etc" / "haproxy.cfg"
        self.file.parent.mkdir(exist_ok=True)
        if text is not None:
            self.file.write_text(text)
        self.checker = FakeChecker()
        self.reloads = FakeReloads()
        self.options: dict[str, object] = {}
        self.hooks: object = None
        self.plan = only_reloads
        self.locate = no_object
        self.describe = no_objects
        self.follow = lambda state: None

    def store(self, state: str = "state") -> ConfigStore:
        options = {"haproxy.config_file": str(self.file), **self.options}
        settings = Settings.default().replace(**options)
        state_file = State(self.directory / state)
        file = VersionedFile(
            settings, LANGUAGE, state_file, self.reloads, self.checker, lambda *place: self.locate(*place),
            self.follow(state_file),
        )
        limit = settings.dataplaneapi.transaction.max_open_transactions
        return ConfigStore(
            file, self.reloads, limit, self.hooks,  # type: ignore[arg-type]
            lambda change: self.plan(change), describe=lambda *texts: self.describe(*texts),
        )

    def without_turns(self) -> None:
        """Have stores that are made from now on check changes at once, whoever has the turn."""
        self.options["dataplane.check_timeout"] = 0.0

    @property
    def text(self) -> str:
        return self.file.read_text()

    def litter(self) -> list[str]:
        """What lies beside haproxy.cfg and is not its lock file."""
        known = {"haproxy.cfg", ".haproxy.cfg.lock"}
        return sorted(path.name for path in self.file.parent.iterdir() if path.name not in known)


def with_server(document: Document, backend: str, name: str) -> Document:
    """The document with one more server at the end of a backend."""
    section = document.find("backend", backend)
    assert section is not None
    line = Line.make(["server", name, "10.9.9.9:80"])
    return document.replace(section, section.insert(section.end(), line))


def with_backend(document: Document, name: str) -> Document:
    return document.add(Section.new("backend", name))


def add_server(config: ConfigStore, backend: str, name: str, **how: object):
    """One edit through the store; gives its outcome."""
    with config.edit(**how) as edit:  # type: ignore[arg-type]
        edit.document = with_server(edit.document, backend, name)
    return edit.outcome


def connection_of(state):
    """The connection that the next read or write of a state takes, where no other thread does."""
    connection = state._connections.take()
    state._connections.leave(connection)
    return connection
