"""The SPOE files of a folder, each with versions and transactions of its own.

A file is kept as haproxy.cfg is: by a `ConfigStore`, so that it is read losslessly, written
atomically and numbered in the same way; its state has a folder of its own in the state directory.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

from dataplane_core.plugin import (
    SCOPE_KIND,
    AlreadyExists,
    CheckFailed,
    ConfigStore,
    FileChange,
    Former,
    Invalid,
    Language,
    NotFound,
    Registry,
    ReloadRecord,
    Services,
    State,
    Verdict,
    VersionedFile,
    decode_text,
    digest_of,
    discard_store,
    encode_text,
    lazy_pattern,
    locked,
    rehearsing,
    resource_folder,
    sweep_folder,
    with_last_newline,
)
from dataplane_plugins.spoe.models import GROUP, agent, message, numbered_rows

KINDS = (SCOPE_KIND, "spoe-agent", "spoe-message", "spoe-group")
_MODE = 0o644  # of a file that is made anew: one that is there keeps its own
_NAME = lazy_pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")


def language(registry: Registry) -> Language:
    """Return the words that sections of SPOE files, and the lines in them, start with."""
    models = (
        agent(*numbered_rows(registry, "spoe-agent")),
        message(*numbered_rows(registry, "spoe-message")),
        GROUP,
    )
    heads = (head for model in models for head in model.heads.by_head)
    return Language(KINDS, heads, registry.language.budget)


class SpoeChecker:
    """Checks a SPOE file with the configuration that refers to it: HAProxy reads none alone."""

    def __init__(self, services: Services, path: Path) -> None:
        self._used_files = services.used_files
        self._path = path

    @contextmanager
    def begin(self, path: Path, /) -> Iterator[Verdict]:
        """Check both, with the file as it is at `path`."""

        def verdict() -> tuple[()]:
            try:
                self._used_files.check(self._path, path)
            except CheckFailed as failed:
                # The lines of its findings are those of another file than the one that is changed.
                raise CheckFailed(failed.message) from None
            return ()

        yield verdict


class SpoeReloads:
    """The reloads that changes of a SPOE file need: those of the configuration as it is."""

    def __init__(self, services: Services, path: Path) -> None:
        self._services = services
        self._path = path
        self.file: VersionedFile | None = None

    def request(self, version: int, reason: str = "") -> str:
        """Ask for a reload that reads version `version` of the file; returns its identifier.

        What the file held before is kept until that reload is over.
        """
        services = self._services
        wanted = f"SPOE file {self._path.name}, version {version}"
        newest = services.config.history.newest()
        former = self._former(version)
        with services.state.write():  # the reload begins when what it may undo is kept
            number = newest.version if newest else 0
            identifier = services.reloads.request(number, wanted, beside=True)
            if former is not None:
                services.used_files.former.store(identifier, former)
        return identifier

    def _former(self, version: int) -> Former | None:
        """Return what the file held before a version; None where that is not known."""
        records = self.file.records if self.file is not None else None
        made = records.versions.get(version) if records is not None else None
        before = records.versions.below(version) if records is not None else None
        if records is None or made is None or before is None or made.origin == "external":
            return None
        data = records.read(before.version, before.digest)
        return None if data is None else Former(self._path, data, _MODE, made.digest)

    def loading(self) -> tuple[int, ...]:
        """Return no version: nobody knows which one HAProxy reads with the configuration."""
        return ()


class ForcedMainReloads:
    """Reloads of the configuration that somebody waits for who has changed a SPOE file."""

    def __init__(self, services: Services, file: VersionedFile) -> None:
        self._services = services
        self._file = file

    def force(self, version: int) -> ReloadRecord:
        """Reload now; when that fails, put the text of the file before `version` back."""
        self._file.accept(version - 1)
        record = self._services.reloads.force(self._services.config.version(), beside=True)
        restored = None
        if record.status == "failed":
            restored = self._file.restore(record.said, version)
        return replace(record, restored=restored)


class SpoeFiles:
    """The files in `spoe_dir`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._folder = _folder(services)
        self._regular = resource_folder(services.settings, services.state, "spoe_dir")
        self._language = language(services.registry)
        self._stores: dict[str, tuple[State, ConfigStore]] = {}
        self._opening = threading.Lock()
        services.used_files.former.restorers[self._folder] = self.put_back

    @property
    def folder(self) -> Path:
        """The folder of the files."""
        return self._folder

    def paths(self) -> list[str]:
        """Return the full paths of all files, sorted."""
        names = self._regular.names()
        return [str(self._folder / name) for name in names if _NAME.fullmatch(name)]

    def store(self, name: str) -> ConfigStore:
        """Return the store of a file, by its name or full path; raises `NotFound`."""
        path = self._path(name)
        if path is None or not self._regular.has(path.name):
            raise NotFound(f"missing object: SPOE file {name} does not exist")
        with self._opening:
            state = self._state_of(path)
            known = self._stores.get(path.name)
            if known is None or known[0].directory != state:
                self._close(path)
                self._close_deleted()
                known = self._stores[path.name] = self._open(path, state)
            return known[1]

    def create(self, name: str, data: bytes) -> str:
        """Write a new file, its last line ended, and return its path.

        Raises `Invalid`, `AlreadyExists`, and `CheckFailed` where the configuration names the file,
        and HAProxy refuses it.
        """
        path = self._path(name)
        if path is None:
            raise Invalid(
                "the name of a SPOE file may hold letters, digits, '-', '_' and '.', and may not "
                f"start with '-' or '.', instead of {name!r}",
                code=605,
            )
        with self._making():
            if os.path.lexists(path):
                raise AlreadyExists(f"object already exists: SPOE file {name} already exists")
            ended = encode_text(with_last_newline(decode_text(data)))
            with self._regular.begin(path.name) as candidate:
                candidate.append(ended)
                candidate.sync()
                self._services.used_files.check(path, candidate.path)
                if (noted := rehearsing()) is not None:
                    noted.files.append(FileChange(path, None, ended))
                    return str(path)
                with self._services.used_files.kept(path, ended):
                    self._regular.add(candidate)
        return str(path)

    def put_back(self, former: Former, reason: str) -> bool:
        """Make the text that a file had before a failed reload its next version.

        Returns False where the file has changed since, or the text was none of its versions.
        """
        file = self.store(former.path.name).file
        file.snapshot()
        versions = file.records.versions
        newest, text = versions.newest(), digest_of(former.data or b"")
        if newest is None or newest.digest != former.digest:
            return False
        before = versions.found("digest = ? AND version < ?", (text, newest.version), 1)
        if not before:
            return False
        file.accept(before[0].version)
        return file.restore(reason, newest.version) is not None

    def delete(self, name: str) -> None:
        """Remove a file; it is no error when there is none.

        Raises `Conflict` where the configuration names it.
        """
        path = self._path(name)
        if path is None or not self._regular.has(path.name):
            return
        if (noted := rehearsing()) is not None:
            self._services.used_files.check_removal(path)
            noted.files.append(FileChange(path, self._regular.read(path.name), None))
            return
        with self._making(), self._opening:
            state = self._state_of(path)
            with self._services.used_files.removing(path):
                discard_store(path)
            lives = self._services.state.value(_fact(path)) or "0"
            self._services.state.set_value(_fact(path), str(int(lives) + 1))
            self._close(path)
            rmtree(state, ignore_errors=True)

    def _making(self) -> AbstractContextManager[int]:
        """Keep others from making and deleting files, in whatever worker they are."""
        return locked(self._services.state.path("spoe.lock"))

    def _state_of(self, path: Path) -> Path:
        """Return the folder of the state of a file: another one after each deletion of its name."""
        lives = self._services.state.value(_fact(path))
        folder = Path(self._services.settings.state_dir) / "spoe"
        return folder / (f"{path.name}@{lives}" if lives else path.name)

    def _path(self, name: str) -> Path | None:
        plain = name.removeprefix(f"{self._folder}/")
        return self._folder / plain if _NAME.fullmatch(plain) else None

    def _open(self, path: Path, folder: Path) -> tuple[State, ConfigStore]:
        state = State(folder)
        with state.shut_on_failure():
            return state, self._store_on(state, path)

    def _store_on(self, state: State, path: Path) -> ConfigStore:
        services = self._services
        settings = services.settings.replace(**{"haproxy.config_file": path})
        requests, checker = SpoeReloads(services, path), SpoeChecker(services, path)
        file = requests.file = VersionedFile(
            settings, self._language, state, requests, checker, folders=self._regular.folders
        )
        limit = settings.dataplaneapi.transaction.max_open_transactions
        return ConfigStore(file, ForcedMainReloads(services, file), limit)

    def _close(self, path: Path) -> None:
        if path.name in self._stores:
            self._stores.pop(path.name)[0].shutdown()

    def _close_deleted(self) -> None:
        """Close the stores of files that another worker has deleted."""
        for name in list(self._stores):
            if not (self._folder / name).is_file():
                self._close(self._folder / name)


def _fact(path: Path) -> str:
    """Return the name of a fact in the server's state: how often such a file was deleted."""
    return f"deletions of SPOE file {path.name}"


def _folder(services: Services) -> Path:
    return Path(services.settings.dataplaneapi.resources.spoe_dir)


def sweep(services: Services) -> None:
    """Remove what uploads left that died with their process."""
    sweep_folder(_folder(services))
