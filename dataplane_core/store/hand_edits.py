"""Decide what becomes of texts that a person wrote into haproxy.cfg and that HAProxy refuses.

With `on_bad_edit: restore` the text that HAProxy last accepted is put back, and the person's text
is kept beside the file. With `keep` the file stays as the person left it: it is checked before
HAProxy is reloaded with it, and HAProxy's refusal is recorded with the version.
"""

import logging
from pathlib import Path

from dataplane_core.errors import CheckFailed, DataplaneError
from dataplane_core.store.candidate import write_atomically
from dataplane_core.store.files import real_path
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.judge import Judge
from dataplane_core.store.messages import one_line
from dataplane_core.store.place import FilePlace
from dataplane_core.store.records import Records
from dataplane_core.store.snapshot import Snapshot

_log = logging.getLogger(__name__)
_SUFFIX = ".rejected"


class HandEdits:
    """The edits by hand of the file at a place; with `keeps` they stay in the file."""

    def __init__(self, place: FilePlace, keeps: bool, records: Records, judge: Judge) -> None:
        self.keeps = keeps
        self._place = place
        self._path = place.path
        self._versions = records.versions
        self._records = records
        self._judge = judge

    @property
    def rejected_file(self) -> Path:
        """Path of the last text that was taken out of the file: `haproxy.cfg.rejected`."""
        return self._path.with_name(self._path.name + _SUFFIX)

    @property
    def _place_note(self) -> str:
        """The end of the reason in the version's record."""
        return f"; what was written by hand is in {self.rejected_file}"

    def rejected(self) -> tuple[Path, str] | None:
        """Return the file with the text that was taken out last, and why; None without one."""
        if not self.rejected_file.is_file():
            return None
        record = self._versions.last_rejected()
        return self.rejected_file, record.reason.removesuffix(self._place_note) if record else ""

    def set_aside(self, record: VersionRecord, reason: str) -> str:
        """Keep a person's text beside the file, with the file's mode and owner.

        Returns the reason for the version's record, with the name of the file, which takes the
        place of a link. A failure goes to the log: the text is among the past versions all the
        same.
        """
        data = self._records.read(record.version, record.digest)
        place = self.rejected_file
        if data is None:
            _log.error("the text of version %d, written by hand, is gone", record.version)
            return reason
        try:
            with self._place.open("read") as like:
                real = Path(real_path(place.parent), place.name)
                write_atomically(real, data, like=like, real=True)
        except DataplaneError as error:
            _log.error(
                "version %d, written by hand, is not kept: %s", record.version, error.message
            )
            return reason
        text = "HAProxy refuses version %d, which was written by hand and is kept in %s now: %s"
        _log.error(text, record.version, place, one_line(reason))
        return reason + self._place_note

    def refuse(self, record: VersionRecord, reason: str) -> None:
        """Record that HAProxy refuses a person's text, which stays in the file."""
        self._versions.refuse(record.version, reason)
        text = "HAProxy refuses version %d, which was written by hand, and is not reloaded: %s"
        _log.error(text, record.version, one_line(reason))

    def stopped(self, snapshot: Snapshot) -> bool:
        """Tell whether the newest text stays without a reload: a person's, which HAProxy refuses.

        Where the text cannot be checked, the reload that is asked for shows whether HAProxy takes
        it.
        """
        waiting = self._versions.unfollowed("external") if self.keeps else []
        if not waiting or waiting[-1].version != snapshot.version:
            return False
        try:
            with self._judge.judging(self._path, snapshot.text) as verdict:
                verdict()
        except CheckFailed as refusal:
            self.refuse(waiting[-1], refusal.message)
            return True
        except DataplaneError as error:
            _log.warning("version %d is not checked: %s", snapshot.version, error.message)
        return False

    def explained(self, failed: CheckFailed, base: int) -> CheckFailed:
        """Return the refusal of a change; it says if the text was refused before the change."""
        record = self._versions.get(base)
        if record is None or not record.refused:
            return failed
        hint = f"{self._path.name} is refused since it was edited by hand (version {base})"
        return CheckFailed(f"{failed.message}; {hint}", failed.findings)
