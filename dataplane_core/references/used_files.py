"""Judge changes of stored files that the configuration uses: which must stay, what HAProxy says."""

import logging
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from dataplane_core.errors import (
    CheckFailed,
    Conflict,
    DataplaneError,
    Finding,
    NamedInConfiguration,
)
from dataplane_core.references.brought_files import BroughtFiles
from dataplane_core.references.former import Former, FormerFiles
from dataplane_core.references.shadow import Shadow, shadows
from dataplane_core.references.survey import Configuration, Mention, Survey
from dataplane_core.store.files import real_path
from dataplane_core.store.head import digest_of
from dataplane_core.store.journal.state import State
from dataplane_core.store.place import read_present
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.versioned_file import VersionedFile
from dataplane_core.text.budget import BudgetedCache

_log = logging.getLogger(__name__)
_TICK = 0.05
_COPIES = 2
"""How often a text is held at most: as it is, and in the names that were found in it."""


class UsedFiles:
    """The files that the newest version of the configuration names, in any way.

    What an open transaction would change does not count before its commit, which HAProxy judges.
    `patience` is how many seconds HAProxy may take to judge a configuration. `awaited` returns the
    ids of the reloads that are not over.
    """

    def __init__(
        self,
        config: VersionedFile,
        state: State,
        patience: float,
        awaited: Callable[[], Container[str]] = tuple,
    ) -> None:
        self.former = FormerFiles(state, awaited)
        self.brought = BroughtFiles(config, state, self.former)
        self._config = config
        self._patience = patience
        budget = config.on_disk.language.budget
        self._configurations: BudgetedCache[Configuration] = BudgetedCache(budget)

    def check_removal(self, path: Path) -> int:
        """Raise `Conflict` where the configuration names a file, or HAProxy needs it.

        Returns the version that was judged.
        """
        snapshot, survey = self._survey(path)
        mention = next(survey.mentions(), None)
        if mention is not None:
            raise self._named(snapshot, survey, mention)
        mention = next(survey.users(), None)
        if mention is not None:
            try:
                self._judge(snapshot, survey, None)
            except CheckFailed as failed:
                raise Conflict(f"{_rejecting(path, mention)}: {failed.message}") from None
        return snapshot.version

    def check(self, path: Path, candidate: Path) -> int:
        """Raise `CheckFailed` where HAProxy refuses the configuration with another file at `path`.

        `candidate` is that file, where it is now. A file that the configuration does not use is not
        judged, and a configuration that HAProxy refuses with the present file, too, judges none.
        Returns the version that was judged.
        """
        snapshot, survey = self._survey(path)
        if survey.is_used:
            self._judge(snapshot, survey, candidate)
        return snapshot.version

    def lines_naming(self, path: Path, text: str) -> list[int]:
        """Return the lines of a text that name a file, or a file in which its name stands."""
        found = Survey(self._configuration(text), path).mentions()
        return list(dict.fromkeys(mention.line for mention in found))

    @contextmanager
    def settled(
        self, path: Path, candidate: Path | None, version: int, check: Callable[[], int]
    ) -> Iterator[None]:
        """Keep the configuration as it is while a file that was judged with it comes or goes.

        `candidate` is the file that comes. What was there is kept where the text that HAProxy has
        loaded uses it, and is not the newest: that text may come back. Where the configuration is
        another than `version` meanwhile, `check` is asked again, which gives the new version; a
        commit that is under way and uses the file is waited for. Raises what `check` raises, and
        `Conflict` when others change the configuration for too long.
        """
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            with self._config.held_at(version) as same:
                busy = same and self._is_awaited(path)
                if same and not busy:
                    self._keep_for_fallbacks(path, candidate)
                    yield
                    return
            if busy:
                time.sleep(_TICK)
            else:
                version = check()
        raise Conflict(f"{path} is used by a change of the configuration that is under way")

    def kept(self, path: Path, data: bytes | None) -> AbstractContextManager[None]:
        """Keep for the history what the body puts into a file; None where it deletes the file.

        Other servers that share the file get it before; raises what they refuse it with.
        """
        records = self._config.records
        if records.sharing.file is not None:
            records.sharing.file(str(path), data)
        files = records.files
        if files is None:
            return nullcontext()
        return files.kept(str(path), data, self._config.version)

    @contextmanager
    def removing(self, path: Path) -> Iterator[None]:
        """Delete a file in the body, if it may go; raises as `check_removal` and `settled` do."""
        version = self.check_removal(path)
        with self.settled(path, None, version, lambda: self.check_removal(path)):
            yield

    def reload_succeeded(self, reload_id: str) -> None:
        """Delete what was kept for a reload that has succeeded."""
        self.former.forget(reload_id)
        if self.former.texts():
            self.former.forget_texts(self._config.fallbacks())

    def text_put_back(self) -> None:
        """Have the files be such that HAProxy takes the text that a failed reload went back to."""
        versions = self.former.texts()
        if not versions or self._config.fallbacks():
            return
        refused = self._is_refused()
        loaded = next(filter(self._is_loaded, versions), 0)
        for former in self.former.of_text(loaded):
            needed = (refused or not former.path.is_file()) and self.uses(former.path)
            if needed and former.put_back():
                _log.warning("%s is as the configuration needs it that is back", former.path)
        self.former.forget_texts()

    def _keep_for_fallbacks(self, path: Path, candidate: Path | None) -> None:
        texts = self._config.fallbacks()
        self.former.forget_texts(texts)
        for version, text in texts.items():
            if not self.is_used_by(text, path):
                continue
            folder = candidate.parent if candidate else Path(real_path(path.parent))
            data, mode = read_present(path, folder) or (None, 0o600)
            now = digest_of(candidate.read_bytes()) if candidate else ""
            self.former.store_for_text(version, Former(path, data, mode, now))

    def _is_loaded(self, version: int) -> bool:
        entry = self._config.records.versions.get(version)
        return entry is not None and entry.accepted and entry.status == "active"

    def _is_refused(self) -> bool:
        snapshot = self._config.snapshot()
        try:
            self._config.judge.check(snapshot.text, snapshot.head)
        except CheckFailed:
            return True
        except DataplaneError as error:
            _log.warning("the files of the configuration are not checked: %s", error.message)
        return False

    def _is_awaited(self, path: Path) -> bool:
        """Tell whether HAProxy is judging a text that uses a file, as the file is now."""
        for text in self._config.records.texts_under_way(self._patience):
            if text is None or self.is_used_by(text, path):
                return True
        return False

    def is_used_by(self, text: str, path: Path) -> bool:
        """Tell whether HAProxy looks at a file with a text that is not the newest version's."""
        return Survey(self._configuration(text), path).is_used

    def _configuration(self, text: str) -> Configuration:
        """Return what is asked of a text; several files change, and ask about the same texts."""
        known = self._configurations.get(text)
        if known is None:
            known = Configuration(self._config.path, text)
            self._configurations.put(text, known, _COPIES * len(text))
        return known

    def uses(self, path: Path) -> bool:
        """Tell whether HAProxy looks at a file: by its name, folder, or what it belongs to."""
        return self._survey(path)[1].is_used

    def _survey(self, path: Path) -> tuple[Snapshot, Survey]:
        snapshot = self._config.snapshot()
        return snapshot, Survey(self._configuration(snapshot.text), path)

    def _judge(self, snapshot: Snapshot, survey: Survey, candidate: Path | None) -> None:
        """Have HAProxy read the configuration with a changed file, in all ways that show it.

        A way that HAProxy refuses with the file as it is, too, says nothing about the change.
        """
        present = survey.path if survey.path.exists() else None
        with shadows(survey) as ways:
            for shadow in ways:
                shadow.show(candidate)
                try:
                    self._config.judge.check(shadow.text, snapshot.head)
                except CheckFailed as failed:
                    shadow.show(present)
                    if self._is_taken(snapshot, shadow):
                        raise _for_client(failed, shadow, survey.path, candidate) from None

    def _is_taken(self, snapshot: Snapshot, shadow: Shadow) -> bool:
        try:
            self._config.judge.check(shadow.text, snapshot.head)
        except CheckFailed:
            return False
        return True

    def _named(self, snapshot: Snapshot, survey: Survey, mention: Mention) -> Conflict:
        section, resource = self._config.judge.place(snapshot, mention.line)
        said = " names it"
        if mention.through:
            said = f" names {mention.through}, whose line {mention.inner} names it"
        before = f"{_rejecting(survey.path, mention)}: "
        return NamedInConfiguration(before, section, resource, said)


def _rejecting(path: Path, mention: Mention) -> str:
    """Return the words by which clients of the interface know this refusal."""
    return (
        f"rejecting attempt to delete file {path} referenced in haproxy conf at line {mention.line}"
    )


def _for_client(
    failed: CheckFailed, shadow: Shadow, path: Path, candidate: Path | None
) -> CheckFailed:
    """Return the refusal in terms of the files that the client knows."""

    def original(text: str) -> str:
        return shadow.original(text.replace(str(candidate), str(path)) if candidate else text)

    findings: Sequence[Finding] = [
        replace(one, message=original(one.message)) for one in failed.findings
    ]
    change = f"with the new {path.name}" if candidate else f"without {path.name}"
    message = original(failed.message).replace(
        "HAProxy refuses the configuration:", f"HAProxy refuses the configuration {change}:", 1
    )
    return CheckFailed(message, tuple(findings))
