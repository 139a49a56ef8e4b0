"""The configuration as the rest of the server knows it: read, edit, restore."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from dataplane_core.errors import (
    BadRequest,
    CheckFailed,
    Finding,
    Invalid,
    NotFound,
    Reference,
    StorageFailed,
    VersionMismatch,
)
from dataplane_core.settings import Settings
from dataplane_core.store.change import Outcome
from dataplane_core.store.commit import CommitRequest, Committer, version_mismatch
from dataplane_core.store.configuration_file import ConfigurationFile
from dataplane_core.store.files import sweep
from dataplane_core.store.findings import FindingPresenter
from dataplane_core.store.follow import Follower, Following
from dataplane_core.store.hand_edits import HandEdits
from dataplane_core.store.head import decode_text, split_header
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.transactions import TransactionTable
from dataplane_core.store.journal.versions import VersionTable
from dataplane_core.store.ports import Checker, Hooks, Locate, Plan, Reloads
from dataplane_core.store.restore import Restorer
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.texts import Backups, VersionTexts
from dataplane_core.store.transactions import Edit, Transactions
from dataplane_core.text import Document
from dataplane_core.text.language import Language

_log = logging.getLogger(__name__)

_MOST_ATTEMPTS = 5
_BOTH = "both version and transaction specified, specify only one"
_NEITHER = "version or transaction not specified: give version or transaction_id"
_FORCED = "force_reload belongs to the commit: leave it out in a transaction"


class ConfigStore:
    """Reads haproxy.cfg and is the only writer of it.

    `transactions` are those of this configuration, `history` its versions. Safe to share between
    threads, and to make before a fork.
    """

    def __init__(
        self, settings: Settings, language: Language, checker: Checker, hooks: Hooks | None,
        state: State, reloads: Reloads,
    ) -> None:  # fmt: skip
        path = self.path = Path(settings.haproxy.config_file)
        own, transaction = settings.dataplane, settings.dataplaneapi.transaction
        self.history = VersionTable(state)
        self._state = state
        self._rows = TransactionTable(state, own.transaction_ttl)
        self._texts = VersionTexts(state.path("versions"), own.history_limit)
        self._backups = Backups(path, transaction.backups_dir, transaction.backups_number)
        self._follower = Follower(self.history, hooks, reloads)
        self._teller = FindingPresenter(path, language, None)
        self._source = ConfigurationFile(
            path, language, state, self.history, self._rows, self._texts, self._follower.catch_up
        )
        self.committer = Committer(
            self._source, self.history, self._rows, self._texts, self._backups, checker, hooks,
            self._teller, reloads,
        )  # fmt: skip
        self.hand_edits = HandEdits(
            path, own.on_bad_edit == "keep", self.history, self._texts, checker, self._teller
        )
        self.restorer = Restorer(
            self._source, self.history, self._texts, self.committer, self.hand_edits, reloads
        )
        self.transactions = Transactions(self, self._rows, transaction.max_open_transactions)
        self._process = 0
        self._starting = threading.Lock()

    def use(self, *, plan: Plan | None = None, locate: Locate | None = None) -> None:
        """Give what is made later: how changes reach a running HAProxy, what a line belongs to."""
        self._follower.plan = plan or self._follower.plan
        self._teller.locate = locate or self._teller.locate

    def recover(self) -> None:
        """At the start, before workers are forked: do or undo what a killed server left half done.

        A file that cannot be read is told in the log: it may be there once somebody asks for it.
        Raises `StorageFailed` when the state belongs to another file's server that runs.
        """
        self._claim()
        try:
            self._begin()
        except StorageFailed as error:
            _log.error("what a predecessor left is not looked at yet: %s", error.message)
        self._state.close()  # a connection must not be carried over a fork

    def snapshot(self, transaction_id: str | None = None) -> Snapshot:
        """The configuration now, or as a transaction sees it.

        Raises `BadRequest` for a transaction that is not open, `StorageFailed` when the file cannot
        be read.
        """
        if self._process != os.getpid():
            self._begin()
        if transaction_id is not None:
            return self.transactions.view(transaction_id)
        return self._source.snapshot()

    def version(self) -> int:
        """The number of the configuration's newest version."""
        return self.snapshot().version

    def raw_text(
        self, version: int | None = None, transaction_id: str | None = None
    ) -> tuple[str, int | None]:
        """The text of the file, a transaction or a past version, with its number.

        The number is None for a text without a version line. Raises `NotFound` when the text of
        that version is not kept.
        """
        if transaction_id is None and version is not None and version != self.version():
            return self._text_of(version), version
        snapshot = self.snapshot(transaction_id)
        return snapshot.text, None if snapshot.head.version is None else snapshot.version

    def snapshot_of_version(self, version: int) -> Snapshot:
        """A snapshot of the newest version or of one whose text is kept; raises `NotFound`."""
        current = self.snapshot()
        if current.version == version:
            return current
        return self._source.prepare(self._text_of(version), "", version)

    @contextmanager
    def edit(
        self, *, version: int | None = None, transaction_id: str | None = None,
        force_reload: bool = False, who: str = "", request_id: str = "",
        skip_reload: bool = False, skip_version: bool = False,
    ) -> Iterator[Edit]:  # fmt: skip
        """Change the configuration: in a transaction, or at once when `version` is the newest.

        An exception in the body leaves everything as it was. With `skip_version` the document
        replaces whatever is there. Raises `BadRequest`, `VersionMismatch`, and all that
        `Transactions.commit` raises.
        """
        if transaction_id:
            if version or force_reload:
                raise BadRequest(_BOTH if version else _FORCED)
            self.snapshot()
            with self.transactions.editing(transaction_id) as edit:
                yield edit
            return
        if not version and not skip_version:
            raise BadRequest(_NEITHER)
        base = self.snapshot()
        if not skip_version and version != base.version:
            raise version_mismatch(base.version, version or 0)
        edit = Edit(base)
        yield edit
        order = CommitRequest(base, edit.document, who, request_id, posted=edit.posted)
        edit.outcome = self._commit(order, force_reload, skip_reload, skip_version)

    def validate(self, text: str) -> list[Finding]:
        """HAProxy's warnings about a whole text; raises `CheckFailed`, `Invalid`."""
        base = self.snapshot()
        posted, rest = split_header(text)
        document = Document.parse(rest, self._source.language, base.document)
        return self.committer.validate(CommitRequest(base, document, posted=posted))

    def judge(self, snapshot: Snapshot, text: str) -> list[Finding]:
        """HAProxy's warnings about a text in the place of a snapshot's; raises `CheckFailed`.

        The text has the snapshot's lines, each with other words.
        """
        return self.committer.judge(snapshot, text)

    @contextmanager
    def held_at(self, version: int) -> Iterator[bool]:
        """Keep every writer of the file away; whether it is still at a version."""
        with self._source.held() as lock:
            yield self._source.current(lock).version == version

    def under_way(self, since: float) -> Iterator[str | None]:
        """The texts that HAProxy is judging, of commits that began after a moment.

        None stands for the text of one that has only just begun.
        """
        for entry in self.history.intents():
            if entry.created > since:
                data = self._texts.read(entry.version, entry.digest)
                yield None if data is None else decode_text(data)

    def place(self, snapshot: Snapshot, line: int) -> tuple[str, Reference | None]:
        """Return the section, in words, and the object at a line of a snapshot's text, from 1."""
        return self._teller.place(snapshot, line)

    def external_change(self) -> bool:
        """Look whether someone else wrote the file; True once for each reload that was due.

        The reload is asked for with that, unless the file stays without one (`HandEdits`).
        """
        snapshot = self.snapshot()  # numbers the edit
        if self.hand_edits.stopped(snapshot):
            return False
        return self._follower.edited()

    def mark_accepted(self, version: int) -> None:
        """HAProxy was reloaded with this version and runs it."""
        self.history.accept(version)

    def restore_accepted(self, reason: str, failed_version: int) -> int | None:
        """After a failed reload: put back, as a new version, the text that HAProxy last accepted.

        Returns the number of the new version, or None when HAProxy has accepted `failed_version`
        or a later one meanwhile, or when an edit by hand stays in the file. Versions in between
        are recorded as rolled back for `reason`.
        """
        self.snapshot()
        restored = self.restorer.restore(reason, failed_version)
        if restored is not None:
            self._follower.take_back()
        return restored

    def carry_out(self, order: CommitRequest, force_reload: bool, skip_reload: bool) -> Outcome:
        """Commit, and bring the new version to HAProxy."""
        following = Following(self._follower, force_reload=force_reload, skip_reload=skip_reload)
        try:
            self.committer.commit(order, following)
        except CheckFailed as failed:
            raise self.hand_edits.explained(failed, order.base.version) from None
        return following.finish()

    def _commit(
        self, order: CommitRequest, force_reload: bool, skip_reload: bool, skip_version: bool
    ) -> Outcome:
        """Commit a change made with a version; a refusal is listed as a failed transaction."""
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            try:
                return self.carry_out(order, force_reload, skip_reload)
            except (CheckFailed, Invalid) as failure:
                self._rows.record_failure(order.base.version, order.who, failure.message)
                raise
            except VersionMismatch:
                if not skip_version or attempt == _MOST_ATTEMPTS:
                    raise
            order = replace(order, base=self.snapshot())
        raise AssertionError("unreachable")

    def _text_of(self, version: int) -> str:
        data = None
        entry = self.history.entry(version)
        if entry is not None:
            data = self._texts.read(version, entry.digest)
        if data is None:
            data = self._backups.read(version)
        if data is None:
            raise NotFound(f"the text of version {version} is not kept")
        return decode_text(data)

    def _begin(self) -> None:
        """The first use in a process: what a predecessor left half done is done or undone."""
        with self._starting:
            if self._process == os.getpid():
                return
            self._claim()
            self._source.begin()
            if not self._state.is_copy:
                with suppress(OSError):
                    sweep(self._source.path)
                    self._texts.sweep()
                self._follower.catch_up()
            self._process = os.getpid()

    def _claim(self) -> None:
        """The state belongs to one file; that of another file says nothing about this one.

        A link is that one file, wherever it leads: to lead it to another text is an edit.
        """
        folder, name = os.path.split(self._source.path)
        path = os.path.join(os.path.realpath(folder), name)
        if self._state.fact("config_file") == path:
            return
        with self._state.write() as connection:
            owner = self._state.fact("config_file")
            if owner == path:  # another worker was faster
                return
            if owner is not None and not self._state.first:
                raise StorageFailed(
                    f"{self._state.directory} is in use for {owner}: set another "
                    "dataplane.state_dir"
                )
            self.history.clear(connection)
            self._rows.clear(connection)
            self._texts.clear()
            self._state.note("config_file", path)
