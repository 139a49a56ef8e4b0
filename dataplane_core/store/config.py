"""The configuration as the rest of the server knows it: read and edited."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace

from dataplane_core.errors import (
    BadRequest,
    CheckFailed,
    Conflict,
    Finding,
    Invalid,
    NotFound,
)
from dataplane_core.store.archive import Archive
from dataplane_core.store.author import NOBODY, PLAIN, Author, ChangeOptions
from dataplane_core.store.change import Outcome
from dataplane_core.store.change_rules import ChangeRules, FindDangers, nothing_dangerous
from dataplane_core.store.commit import Committer
from dataplane_core.store.commit_request import CommitRequest
from dataplane_core.store.delivery import DeliveryMeans, ReloadWish
from dataplane_core.store.head import split_header
from dataplane_core.store.journal.version_objects import Describe
from dataplane_core.store.journal.versions import VersionTable
from dataplane_core.store.lost_names import FindLost, nothing_lost
from dataplane_core.store.planned import ChangePlan, Planned
from dataplane_core.store.ports import (
    CommitHooks,
    Count,
    ForcedReloads,
    Foresee,
    Merge,
    NoHooks,
    Plan,
    no_merge,
    no_objects,
    only_reloads,
    only_reloads_foreseen,
    uncounted,
)
from dataplane_core.store.refusals import version_mismatch
from dataplane_core.store.sharing import Sharing
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.transactions import Edit, Transactions
from dataplane_core.store.trial_rules import Trials
from dataplane_core.store.versioned_file import VersionedFile
from dataplane_core.text import Document

_BOTH = "both version and transaction specified, specify only one"
_NEITHER = "version or transaction not specified: give version or transaction_id"
_FORCED = "force_reload belongs to the commit: leave it out in a transaction"
_CONFIRMED = "confirm_within belongs to the commit: leave it out in a transaction"


class ConfigStore:
    """Reads a configuration file and is the only writer of it.

    `file` is the file with its versions, `transactions` are those begun on it, `trials` its
    versions that are to be confirmed, and `archive` has its past versions. `forced` reloads HAProxy
    at once, `plan` tells how a change reaches a running HAProxy without a reload, `foresee` says
    the same without doing it, and `describe` in which objects two texts differ, and
    `find_lost` which names a change takes from what refers to them, which `keeps_names` refuses,
    and `find_dangers` which lines come that open the system, which `refuses_dangers` refuses. At
    most `max_transactions` are open at once.
    """

    def __init__(
        self,
        file: VersionedFile,
        forced: ForcedReloads,
        max_transactions: int,
        hooks: CommitHooks | None = None,
        plan: Plan = only_reloads,
        foresee: Foresee = only_reloads_foreseen,
        count: Count = uncounted,
        merge: Merge = no_merge,
        describe: Describe = no_objects,
        find_lost: FindLost = nothing_lost,
        find_dangers: FindDangers = nothing_dangerous,
        *,
        keeps_names: bool = False,
        refuses_dangers: bool = False,
    ) -> None:
        self.file = file
        records = file.records
        hooks = hooks or NoHooks()
        means = DeliveryMeans(records.versions, hooks, records.reloads, forced, plan, foresee)
        rules = ChangeRules(
            hooks, find_lost, find_dangers, refuses=keeps_names, refuses_dangers=refuses_dangers
        )
        self.expectations = rules.expectations
        self.dangers, self.forbid_dangers = find_dangers, rules.forbid_dangers
        self._committer = Committer(
            file.on_disk,
            records,
            file.turns,
            file.judge,
            file.hand_edits,
            means,
            describe,
            rules,
            count,
            merge,
        )
        self.trials = Trials(records.trials)
        self.archive = Archive(file, describe)
        self.transactions = Transactions(file, self._committer, max_transactions, self.trials)

    def share(self, other: "ConfigStore") -> None:
        """Have the file of another store, and the parts that it was made with."""
        self.file, self.archive, self.trials = other.file, other.archive, other.trials
        self.transactions, self.expectations = other.transactions, other.expectations
        self._committer = other._committer
        self.dangers, self.forbid_dangers = other.dangers, other.forbid_dangers

    @property
    def sharing(self) -> Sharing:
        """What is done with versions and files that other servers share; a plugin gives it."""
        return self.file.records.sharing

    @property
    def history(self) -> VersionTable:
        """Records of the versions that the file has had."""
        return self.file.records.versions

    def snapshot(self, transaction_id: str | None = None) -> Snapshot:
        """Return the configuration now, or as a transaction sees it.

        Raises `BadRequest` for a transaction that is not open, `StorageFailed` when the file cannot
        be read.
        """
        if transaction_id is None:
            return self.file.snapshot()
        self.file.begin()
        return self.transactions.view(transaction_id)

    def unchanged(self) -> Snapshot | None:
        """Return the configuration now if that needs no reading; neither waits nor raises."""
        return self.file.on_disk.unchanged()

    def version(self) -> int:
        """Return the number of the configuration's newest version."""
        return self.file.version()

    def raw_text(
        self, version: int | None = None, transaction_id: str | None = None
    ) -> tuple[str, int | None]:
        """Return the text of the file, a transaction or a past version, with its number.

        The number is None for a text without a version line. Raises `NotFound` when the text of
        that version is not kept.
        """
        if transaction_id is None and version is not None and version != self.version():
            return self.file.records.text(version), version
        snapshot = self.snapshot(transaction_id)
        return snapshot.text, None if snapshot.head.version is None else snapshot.version

    def edit(
        self, *, version: int | None = None, transaction_id: str | None = None,
        force_reload: bool = False, author: Author = NOBODY, options: ChangeOptions = PLAIN,
        skip_reload: bool = False, skip_version: bool = False, brings: str = "", number: int = 0,
    ) -> AbstractContextManager[Edit]:  # fmt: skip
        """Change the configuration in the body of `with`.

        The change is one in a transaction, or one at once when `version` is the newest, or is an
        older one and the option `rebase` asks for the change to be put on the newest.

        An exception in the body leaves everything as it was. With `skip_version` the document
        replaces whatever is there. Raises `BadRequest`, `VersionMismatch`, and all that
        `Transactions.commit` raises. With the option `dry_run` nothing is changed, and the end of
        the body raises `Planned`. `brings` and `number` are as `CommitRequest` has them.
        """
        if transaction_id:
            if version or force_reload:
                raise BadRequest(_BOTH if version else _FORCED)
            if options.confirm_within is not None:
                raise BadRequest(_CONFIRMED)
            newest = self.snapshot()
            if options.dry_run:
                return self.transactions.planning(transaction_id)
            return self.transactions.editing(transaction_id, newest, options.condition)
        if not version and not skip_version and not options.dry_run:
            raise BadRequest(_NEITHER)
        self.trials.admit(options)
        base = self.snapshot()
        if options.dry_run and not version:
            version = base.version
        if not skip_version and version != base.version:
            base = self._former(version or 0, base, options)
        reload = ReloadWish(force_reload, skip_reload)
        request = CommitRequest(
            base, base.document, author, reload=reload, overwrites=skip_version, options=options,
            brings=brings, number=number,
        )  # fmt: skip
        return self._at_once(request)

    def _former(self, version: int, newest: Snapshot, options: ChangeOptions) -> Snapshot:
        """Return the older version that a change is made for, if the change is to be rebased."""
        if options.rebase and 0 < version < newest.version:
            with suppress(NotFound):
                return self.file.snapshot_of(version)
        raise version_mismatch(newest.version, version)

    @contextmanager
    def _at_once(self, request: CommitRequest) -> Iterator[Edit]:
        """Have the document of a change edited in the body, and commit it."""
        edit = Edit(request.base)
        yield edit
        changed = replace(request, document=edit.document, posted=edit.posted)
        if request.options.dry_run:
            raise Planned(self._committer.plan(changed))
        edit.outcome = self._commit(changed)

    def put_back(
        self,
        version: int,
        newest: int | None = None,
        *,
        author: Author = NOBODY,
        options: ChangeOptions = PLAIN,
        force_reload: bool = False,
        reload_reason: str = "",
        brings: str = "",
    ) -> Outcome:
        """Make the text of a past version the next one; its own lines are made anew.

        With `newest` that has to be the newest version now. HAProxy is reloaded in any case where a
        `reload_reason` is given; `brings` is as `CommitRequest` has it. Raises `NotFound` where the
        text is not kept, `Conflict` for the newest version itself, and all that `edit` raises.
        """
        self.trials.admit(options)
        base = self.snapshot()
        if newest is not None and newest != base.version:
            raise version_mismatch(base.version, newest)
        if version == base.version and not reload_reason:
            raise Conflict(f"version {version} is the newest one: there is nothing to put back")
        document = self.archive.document(version)
        shared = Document.parse(document.text(), document.language, base.document)
        reload = ReloadWish(force_reload, reason=reload_reason)
        whole = replace(options, rebase=False)  # a former text comes back as it was, or not at all
        request = CommitRequest(
            base, shared, author, reload=reload, options=whole, text_of=version,
            overwrites=newest is None, brings=brings,
        )  # fmt: skip
        return self._commit(request)

    def merged(self, base: Document, mine: Document, newest: Document) -> Document:
        """Return `newest` with the change from `base` to `mine`; raises `Conflict`."""
        return self._committer.merge(base, mine, newest)

    def validate(self, text: str) -> list[Finding]:
        """Return HAProxy's warnings about a whole text; raises `CheckFailed`, `Invalid`."""
        return self._committer.validate(self._with_text(text))

    def plan(self, document: Document, base: Snapshot | None = None) -> ChangePlan:
        """Return what it would do if `document` followed on the newest version, or on `base`."""
        return self._committer.plan(CommitRequest(base or self.snapshot(), document))

    def plan_text(self, text: str) -> ChangePlan:
        """Return what it would do if a whole text were put in the place of the newest version."""
        return self._committer.plan(self._with_text(text))

    def _with_text(self, text: str) -> CommitRequest:
        base = self.snapshot()
        posted, rest = split_header(text)
        document = Document.parse(rest, self.file.on_disk.language, base.document)
        return CommitRequest(base, document, posted=posted)

    def _commit(self, request: CommitRequest) -> Outcome:
        """Commit a change made with a version; a refusal is listed as a failed transaction."""
        try:
            return self._committer.commit(request)
        except (CheckFailed, Invalid) as failure:
            failures = self.file.records.transactions
            failures.record_failure(request.base.version, request.author.name, failure.message)
            raise
