"""Commit a change to haproxy.cfg: check it without a lock, put it in place with the lock.

The walk of a commit (`Committer`):

1. The plugins say what is wrong with the document (`dataplane_check`), and the change waits for its
   turn (`turns`): if another change becomes a version meanwhile, this one is refused at once.
2. The text is written beside haproxy.cfg as a candidate, the version is recorded as intended, and
   HAProxy begins to check the candidate.
3. While HAProxy checks, whatever does not need its verdict is done: candidate, intent and text are
   brought to the disk, and a way is looked for to bring the change to HAProxy without a reload.
4. With the lock on the file, it is made sure that nobody was faster, on other servers either where
   they share the versions (`sharing`); then the candidate takes the file's name, and one write to
   the state records the version, with the reload that it needs.
5. The plugins learn of the commit (`dataplane_committed`), and HAProxy gets it (`Delivery`).

A process that dies before the candidate has the file's name leaves the former version; one that
dies after it leaves the new one, which the next process records.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial

from dataplane_core.errors import (
    CheckFailed,
    Conflict,
    DataplaneError,
    Finding,
    Invalid,
    TransactionOutdated,
    VersionMismatch,
)
from dataplane_core.store.candidate import Candidate
from dataplane_core.store.change import Outcome
from dataplane_core.store.change_rules import ChangeRules
from dataplane_core.store.commit_request import CommitRequest
from dataplane_core.store.configuration_file import ConfigurationFile, LockedConfiguration
from dataplane_core.store.delivery import Delivery, DeliveryMeans
from dataplane_core.store.exchange import FileChanged
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.hand_edits import HandEdits
from dataplane_core.store.head import digest_of, encode_text
from dataplane_core.store.journal.transactions import unknown_transaction
from dataplane_core.store.journal.version_objects import Describe, TouchedObject
from dataplane_core.store.journal.version_records import intended_record, warnings_of
from dataplane_core.store.judge import Judge
from dataplane_core.store.lost_names import LostName, StillNamed
from dataplane_core.store.planned import ChangePlan
from dataplane_core.store.ports import Count, Merge, no_merge, uncounted
from dataplane_core.store.records import NewVersion, Records
from dataplane_core.store.refusals import closed_transaction, may_commit, outdate, version_mismatch
from dataplane_core.store.trial_rules import make_way, new_trial
from dataplane_core.store.turns import Turns

_MOST_ATTEMPTS = 5
_RESULTS: dict[type[DataplaneError], str] = {
    **dict.fromkeys((CheckFailed, Invalid), "refused"),
    **dict.fromkeys((Conflict, VersionMismatch, TransactionOutdated), "overtaken"),
}
_log = logging.getLogger(__name__)


class Committer:
    """Checks candidates and puts them in the place of haproxy.cfg, recorded before and after."""

    def __init__(
        self,
        file: ConfigurationFile,
        records: Records,
        turns: Turns,
        judge: Judge,
        hand_edits: HandEdits,
        means: DeliveryMeans,
        describe: Describe,
        rules: ChangeRules,
        count: Count = uncounted,
        merge: Merge = no_merge,
    ) -> None:
        self._describe = describe
        self._file = file
        self._records = records
        self._turns = turns
        self._judge = judge
        self._hand_edits = hand_edits
        self._means = means
        self._rules = rules
        self._count = count
        self.merge = merge

    def commit(self, request: CommitRequest) -> Outcome:
        """Write the file and bring the new version to HAProxy.

        A change that follows on whatever is the newest version is tried again when somebody else
        writes without waiting for a turn: a person, or another server.

        Raises, with the file as it was: `CheckFailed` when HAProxy refuses, `Invalid` when a plugin
        does, `VersionMismatch`, `TransactionOutdated` or `NotFound` when somebody was faster,
        `ReadOnly` after a disk has lost writes, `StorageFailed` otherwise; `NotOnDisk` where the
        version is in place, and may not survive a power cut. Raises `ReloadFailed` and
        `NotReloaded` as `Delivery.finish`.
        """
        for _ in range(_MOST_ATTEMPTS - 1 if request.follows else 0):
            with suppress(VersionMismatch):
                return self._attempt(request)
            if self._records.sharing.catch_up is not None:
                self._records.sharing.catch_up()
        return self._attempt(request)

    def _attempt(self, request: CommitRequest) -> Outcome:
        result = "failed"
        self._records.state.faults.refuse()
        try:
            outcome = self._commit(request)
            result = outcome.state
            return outcome
        except DataplaneError as error:
            result = _RESULTS.get(type(error), result)
            raise
        finally:
            self._count(result)

    def _commit(self, request: CommitRequest) -> Outcome:
        try:
            delivery = self._write(request)
        except CheckFailed as failed:
            raise self._hand_edits.explained(failed, request.base.version) from None
        return replace(
            delivery.finish(), confirm_before=delivery.confirm_before, lost=delivery.lost
        )

    def validate(self, request: CommitRequest) -> list[Finding]:
        """Return HAProxy's warnings about a change, without writing it; raises as `commit`."""
        self._ask(request)
        self._lost(request)
        return self._judge.check(request.text(), request.client_head)

    def plan(self, request: CommitRequest) -> ChangePlan:
        """Return what `commit` would do, without writing anything or sending a command."""
        request = self._on_newest(request)
        document, transaction = request.document, request.transaction
        dangers = tuple(self._rules.dangers(request.base.document, document))
        refusal = self._rules.forbidden(dangers)
        # Whoever judges a text may run scripts that it names.
        problems = () if refusal else tuple(self._rules.problems(document, request.options.expect))
        findings: tuple[Finding, ...] = ()
        refusal = refusal or "; ".join(problems)
        try:
            self._lost(request)
        except StillNamed as still:
            refusal = refusal or still.message
        try:
            if not self._rules.forbidden(dangers):
                findings = tuple(self._judge.check(request.text(), request.client_head))
        except CheckFailed as failed:
            explained = self._hand_edits.explained(failed, request.base.version)
            findings, refusal = failed.findings, refusal or explained.message
        delivery = Delivery(self._means, request.change(), request.reload)
        return ChangePlan(
            request.base.version, request.base.document, document, problems, findings, refusal,
            foreseen=None if refusal else delivery.foreseen(),
            transaction_id=None if transaction is None else transaction.id,
            head=request.client_head, path=self._file.path, dangers=dangers,
        )  # fmt: skip

    def _write(self, request: CommitRequest) -> Delivery:
        """Make the change the next version of the file; return its way to HAProxy."""
        make_way(self._records.trials, request.text_of)
        first = self._on_newest(request)
        self._ask(first)
        with self._turns.taken(partial(self._reconsider, request)):
            failpoint("turn-taken")
            current = self._on_newest(request)
            if request.options.rebase and current.base.version != first.base.version:
                self._ask(current)
            return self._write_in_turn(current)

    def _ask(self, request: CommitRequest) -> None:
        """Raise what plugins say of a change, and what the settings do, before HAProxy sees it.

        HAProxy runs scripts while it checks a file. A version that is taken back may have lines
        that nobody may add: they stood there when the change on trial was made.
        """
        if self._rules.no_dangers() and not self._undoes(request):
            self._rules.forbid_dangers(request.base.document, request.document)
        self._rules.ask_plugins(request.document, request.options.expect)

    def _on_newest(self, request: CommitRequest) -> CommitRequest:
        """Return a change as it is to be made on the newest version; raises `Conflict`.

        What the options say of that version holds until the commit: where another one is the newest
        then, the change is refused, or comes here again.
        """
        base = request.base
        newest = self._file.snapshot() if request.follows else base
        if request.options.condition is not None:
            request.options.condition(newest)
        if not request.follows:
            return request
        if request.overwrites or newest.version == base.version:
            return replace(request, base=newest)
        document = self.merge(base.document, request.document, newest.document)
        return replace(request, base=newest, document=document)

    def _write_in_turn(self, request: CommitRequest) -> Delivery:
        """Have the change checked and written, while those to the same version wait for it."""
        text = request.text()
        data = encode_text(text)
        change = request.change()
        digest, followed = digest_of(data), request.reload.skip
        brings = request.brings
        trial = new_trial(self._records, request.base.version, request.options, bool(brings))
        record = intended_record(
            change, digest, request.text_of, trial, followed=followed, brings=brings
        )
        delivery = Delivery(self._means, change, request.reload)
        with (
            Candidate(self._file.place, data) as candidate,
            self._records.intended(record, candidate),
            self._judge.judging(candidate.path, text, request.client_head) as verdict,
        ):
            failpoint("candidate-written")
            kept = self._records.sync(record, data, candidate, request.base)
            after = self._file.prepare(text, record.digest, record.version, request.document)
            delivery.prepare()
            delivery.lost = self._lost(request)
            objects = self._objects(request)
            files = self._records.changed_files(text)
            record = replace(record, warnings=warnings_of(verdict()))
            failpoint("candidate-checked")
            self._records.backups.write(request.base)
            with self._transaction_locked(request), self._file.locked(candidate.at) as locked:
                failpoint("locked")
                self._verify(request, locked)
                if self._records.sharing.version is not None:
                    self._records.sharing.tell(change, undoes=self._undoes(request))
                new = NewVersion(record.with_whole_time(), kept, objects, files)
                delivery.confirm_before = new.record.confirm_before
                try:
                    written = locked.publish(candidate, after, new, delivery.record)
                except FileChanged:
                    self._verify(request, locked)  # which says by which version
                    raise
                if not written:
                    delivery.forget_record()
                    delivery.confirm_before = record.confirm_before  # as the intent has it
        return delivery

    def _objects(self, request: CommitRequest) -> Sequence[TouchedObject] | None:
        """Return what a change touches, for the history; None where that cannot be told now."""
        try:
            return self._describe(request.base.document, request.document)
        except Exception:
            _log.exception("what version %d changes is not recorded", request.version)
            return None

    def _lost(self, request: CommitRequest) -> Sequence[LostName]:
        """Return the names that a change takes from their users; raises `StillNamed`.

        A version that is taken back is no change that anybody asked for, and nothing stops it.
        """
        undoes = request.text_of is not None and self._undoes(request)
        return self._rules.lost(request.base.document, request.document, undoes=undoes)

    def _undoes(self, request: CommitRequest) -> bool:
        waits = self._records.trials.open()
        return waits is not None and waits.trial.former == request.text_of

    def _transaction_locked(self, request: CommitRequest) -> AbstractContextManager[object]:
        """Lock the transaction, so that no edit is added while it is committed."""
        if request.transaction is None:
            return nullcontext()
        return self._records.transactions.editing(request.transaction.id)

    def _reconsider(self, request: CommitRequest) -> None:
        """Raise what becomes of a change whose base is not the newest version any more."""
        if request.follows or self._file.snapshot().version == request.base.version:
            return
        with self._transaction_locked(request), self._file.locked() as locked:
            self._verify(request, locked)

    def _verify(self, request: CommitRequest, locked: LockedConfiguration) -> None:
        """Make sure that the base is the newest version, the transaction as it was read."""
        current, base = locked.current(), request.base
        make_way(self._records.trials, request.text_of)
        if request.transaction is not None:
            transaction = self._records.transactions.get(request.transaction.id)
            if transaction is None:
                raise unknown_transaction(request.transaction.id)
            if not may_commit(transaction, request.options):
                raise closed_transaction(transaction)
            if current.version != base.version and not request.follows:
                raise outdate(self._records, transaction, current)
            if transaction.sequence != request.transaction.sequence:
                raise Conflict(f"transaction {transaction.id} was changed while it was committed")
        if current.version != base.version:
            raise version_mismatch(current.version, base.version)
