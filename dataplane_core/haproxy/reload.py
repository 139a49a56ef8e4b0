"""Queue reloads, do them in one worker of all, and keep their records.

A reload takes this way. A worker asks for it (`request`); all that is asked for within one delay
shares one reload and one id. The worker that leads (`run_leader`) begins the reload when it is due,
has it done (`Control`), and concludes it: the record gets HAProxy's words, and after a failure the
former files and the former text are put back. A leader that dies leaves a reload begun; the next
leader finds out how that reload went before it does anything else.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from dataplane_core.errors import DataplaneError, NotFound
from dataplane_core.haproxy.control import Control, HaproxyStatus
from dataplane_core.haproxy.leader import Duty, lead
from dataplane_core.haproxy.master import ReloadResult
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import Settings
from dataplane_core.store.journal.reloads import Job, ReloadRecord, ReloadTable
from dataplane_core.store.journal.state import State
from dataplane_core.store.locks import try_lock
from dataplane_core.store.messages import one_line

__all__ = ["ReloadQueue", "ReloadRecord"]

COMPLETED = "reload callback completed, runtime API reconfigured"
"""What the log says after each successful reload.

Programs wait for this line, so it is logged at the level that the log has by default (`warning`).
"""

log = logging.getLogger(__name__)

T = TypeVar("T")

_DUE_TICK = 0.05  # seconds between two looks of the leader for a reload that is due
_WAIT_TICK = 0.02  # seconds between two looks for the end of a reload
_MOST_ATTEMPTS = 2
_UNKNOWN = "this server was stopped during the reload, twice; what became of it is not known"


class ReloadHooks(Protocol):
    """The hook that the queue calls, as pluggy's relay has it."""

    def dataplane_reloaded(self, *, record: ReloadRecord) -> object:
        """Tell the plugins of a reload that is over."""


class FilesToLoad(Protocol):
    """What HAProxy reads when it is reloaded: haproxy.cfg, and the files beside it.

    Nothing is put back when HAProxy could not even be asked to reload.
    """

    def newest_version(self) -> int:
        """Return the version that haproxy.cfg holds."""

    def accept(self, record: ReloadRecord) -> None:
        """Record that HAProxy has loaded the files."""

    def put_back_files(self, record: ReloadRecord) -> list[str]:
        """Undo changes of the files beside haproxy.cfg that a failed reload was to load.

        Returns the paths of those that are back. Called before `put_back_text`.
        """

    def put_back_text(self, record: ReloadRecord) -> int | None:
        """Put back the text that HAProxy last accepted; return the new version's number.

        None stands for a text that stays.
        """


class ReloadQueue:
    """Asks for reloads, does them, and keeps their records in `table`.

    Any worker may ask for a reload; the worker that leads does it. Where no worker leads, a worker
    that forces a reload does it itself. `files` are what a reload loads; by `registry`, secrets of
    the configuration's lines are found in HAProxy's words.
    """

    def __init__(
        self,
        settings: Settings,
        state: State,
        table: ReloadTable,
        runtime: Runtime,
        hooks: ReloadHooks,
        files: FilesToLoad,
        registry: Registry | None = None,
    ) -> None:
        self._lock = state.path("leader.lock")
        # A reload may be under way, and after a failure the former text is loaded once more.
        self._longest_wait = 3 * settings.dataplane.reload_timeout + 5.0
        self._records = table
        self._hooks = hooks
        self.files = files
        self.control = Control(settings, runtime, registry)

    def request(
        self, version: int, reason: str = "", *, beside: bool = False, at_once: bool = False
    ) -> str:
        """Ask for a reload; return its id, as `ReloadTable.request` does."""
        return self._records.request(version, reason, beside=beside, at_once=at_once)

    def force(self, version: int, reason: str = "", *, beside: bool = False) -> ReloadRecord:
        """Reload without delay, and return the record as `wait` does."""
        return self.wait(self.request(version, reason, beside=beside, at_once=True))

    def wait(self, reload_id: str) -> ReloadRecord:
        """Return the record of a reload once it is over, whichever worker does it.

        Its status is still `in_progress` when the reload takes longer than three times the setting
        `reload_timeout`. Raises `NotFound`.
        """
        end = time.monotonic() + self._longest_wait
        while True:
            record = self.record(reload_id)
            if record.status != "in_progress" or time.monotonic() > end:
                return record
            if not self._lead_for_once():
                time.sleep(_WAIT_TICK)

    def records(self) -> list[ReloadRecord]:
        """Return the records of all reloads that are kept, the oldest first."""
        return self._records.all()

    def record(self, reload_id: str) -> ReloadRecord:
        """Return the record of one reload; raises `NotFound`."""
        record = self._records.get(reload_id)
        if record is None:
            raise NotFound(f"missing object: reload {reload_id} does not exist")
        return record

    def under_way(self) -> bool:
        """Tell whether a reload has begun and is not over.

        Such a reload may have read the file before a change, or after it.
        """
        return self._records.under_way()

    def status(self) -> HaproxyStatus:
        """Return whether HAProxy runs: `up`, `down` or `unknown`."""
        return self.control.status()

    def run_leader(self, stop: threading.Event, duties: Sequence[Duty] = ()) -> None:
        """Do reloads and `duties` while this process leads, until `stop` is set.

        Blocks, and so has a thread of its own in each worker. At the end, a reload that still waits
        for its delay is done at once.
        """
        lead(self._lock, [self._do_reloads, *duties], stop)
        try:
            self._lead_for_once(early=True)
        except DataplaneError as error:
            log.error("a reload that waits is left to the next start: %s", error.message)

    def _do_reloads(self, stop: threading.Event) -> None:
        self._finish_begun()
        while not stop.is_set():
            if not self._do_due():
                stop.wait(_DUE_TICK)

    def _lead_for_once(self, *, early: bool = False) -> bool:
        """Do what is due, or will be (`early`), if nobody leads; tell whether it did."""
        handle = try_lock(self._lock)
        if handle is None:
            return False
        try:
            self._finish_begun()
            return self._do_due(early=early)
        finally:
            os.close(handle)

    def _do_due(self, *, early: bool = False) -> bool:
        """Do the reload that is due, or will be (`early`); return False where there is none."""
        job = self._records.due(early=early)
        if job is None:
            return False
        job = self._records.begin(job, self._version_to_load(job))
        reason = self.record(job.id).reason or "it was asked for"
        log.info("reload %s of version %d begins: %s", job.id, job.version, reason)
        self._conclude(job, self.control.reload())
        return True

    def _finish_begun(self) -> None:
        """Conclude the reloads that a leader had begun when it died, perhaps by such a reload.

        HAProxy ends the programs that it started when it reloads. If this server is one of them,
        and did the reload again without looking how it went, this would go on for ever.
        """
        for job in self._records.begun():
            result = self.control.result_since(job.begun)
            if result is None and job.attempts < _MOST_ATTEMPTS:
                job = self._records.begin(job, self._version_to_load(job))
                result = self.control.reload()
            if result is None:
                log.error("reload %s: %s", job.id, _UNKNOWN)
                self._records.finish(job, False, _UNKNOWN)
            else:
                self._conclude(job, result)

    def _version_to_load(self, job: Job) -> int:
        """Return the version that the file holds now; that of the job where it cannot be read."""
        try:
            return self.files.newest_version()
        except DataplaneError as error:
            log.error("reload %s: the configuration cannot be read: %s", job.id, error.message)
            return job.version

    def _conclude(self, job: Job, result: ReloadResult) -> None:
        """Record how a reload went, after what follows from it was done, and call the hook."""
        record = replace(self.record(job.id), response=result.text)
        if result.ok:
            log.warning(COMPLETED)
            log.info("reload %s of version %d succeeded", job.id, job.version)
            _guarded(self.files.accept, replace(record, status="succeeded"))
            self._records.finish(job, True, result.text)
        else:
            said = one_line(result.text)
            log.error("reload %s of version %d failed: %s", job.id, job.version, said)
            files: list[str] = []
            restored = None
            if result.asked:
                files, restored = self._undo(replace(record, status="failed"), result.ended)
            self._records.finish(job, False, _with_files(result.text, files), restored)
        self._hooks.dataplane_reloaded(record=self.record(job.id))

    def _undo(self, record: ReloadRecord, ended: bool) -> tuple[list[str], int | None]:
        """Put back the files and the text from before a failed reload.

        Where HAProxy has `ended` by that reload, it is started with what the files are then.
        Return the files, and the number of the version that holds the former text; None where the
        text stays.
        """
        files = _guarded(self.files.put_back_files, record) or []
        restored = _guarded(self.files.put_back_text, record)
        if restored is not None:
            log.warning("version %d was put back as version %d", record.version, restored)
            for reload_id in self._records.undone(restored):
                _guarded(self.files.put_back_files, self.record(reload_id))
            reason = f"rolled back with version {record.version}: {record.said}"
            self._records.roll_back(restored, reason)
        if ended or ((files or restored is not None) and self.control.status() != "up"):
            self._start_again(restored or record.version)
        return files, restored

    def _start_again(self, version: int) -> None:
        """Start or reload HAProxy once more, with what was put back.

        A master that refuses a configuration keeps the worker that it had, and nothing is to be
        done. A reload command that failed may have ended HAProxy, and so may a new worker.
        """
        result = self.control.start_again()
        if result.ok:
            log.warning(COMPLETED)
        else:
            said = one_line(result.text)
            log.error("HAProxy could not be reloaded with version %d: %s", version, said)


def _with_files(text: str, files: Sequence[str]) -> str:
    """Return HAProxy's words about a failed reload, and below them which files are back."""
    return "\n".join([text, *(f"put back as it was before: {path}" for path in files)])


def _guarded(callback: Callable[[ReloadRecord], T], record: ReloadRecord) -> T | None:
    """Call back; an exception there goes to the log, and the queue goes on."""
    try:
        return callback(record)
    except Exception:
        name = getattr(callback, "__name__", callback)
        log.exception("reload %s: %s failed", record.id, name)
        return None
