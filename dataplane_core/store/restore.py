"""Go back to a former text after a reload that failed."""

import logging
import time
from contextlib import suppress

from dataplane_core.store.candidate import Candidate
from dataplane_core.store.configuration_file import ConfigurationFile, LockedConfiguration
from dataplane_core.store.exchange import FileChanged
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.hand_edits import HandEdits
from dataplane_core.store.head import decode_text, digest_of, encode_text, join, split_header
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.records import NewVersion, Records

_log = logging.getLogger(__name__)
_MOST_EDITS = 5


class Restorer:
    """Puts back a former text as a new version."""

    def __init__(self, file: ConfigurationFile, records: Records, hand_edits: HandEdits) -> None:
        self._file = file
        self._records = records
        self._versions = records.versions
        self._hand_edits = hand_edits

    def restore(self, reason: str, failed_version: int) -> int | None:
        """Put back the text that HAProxy last accepted; keep what a person wrote beside the file.

        Where a person's text is to stay, that text is put back if there is a later version. Returns
        the new version's number; None when there is nothing to put back. An edit that comes
        meanwhile is looked at like those before.
        """
        for _ in range(_MOST_EDITS):
            with suppress(FileChanged):
                return self._restore(reason, failed_version)
        return self._restore(reason, failed_version)

    def _restore(self, reason: str, failed_version: int) -> int | None:
        with self._file.locked() as locked:
            current, accepted = locked.current(), self._versions.last_accepted()
            if accepted is None or accepted.version >= min(failed_version, current.version):
                return None
            edit = self._versions.by_hand(accepted.version)
            if edit is not None and self._hand_edits.keeps:
                self._hand_edits.refuse(edit, reason)
                if edit.version == current.version:
                    return None
                return self._put_back(edit, reason, locked)
            if edit is not None:
                reason = self._hand_edits.set_aside(edit, reason)
            return self._put_back(accepted, reason, locked)

    def fallbacks(self) -> dict[int, str]:
        """Return the texts to which a failed reload may go back, by version, without the newest.

        They are the text that HAProxy last accepted, and those that HAProxy is loading just now.
        """
        accepted, newest = self._versions.last_accepted(), self._versions.newest()
        if accepted is None or newest is None:
            return {}
        texts = {}
        for version in {accepted.version, *self._records.reloads.loading()}:
            record = self._versions.get(version)
            if record is not None and accepted.version <= version < newest.version:
                data = self._records.read(version, record.digest)
                if data is not None:
                    texts[version] = decode_text(data)
        return texts

    def _taken_since(self, former: VersionRecord, version: int) -> bool:
        """Tell whether HAProxy took a version since over its socket, which only a reload undoes."""
        return self._versions.applied_between(former.version, version)

    def _put_back(
        self, former: VersionRecord, reason: str, locked: LockedConfiguration
    ) -> int | None:
        data = self._records.read(former.version, former.digest)
        if data is None:
            _log.error("the text of version %d, to go back to, is gone", former.version)
            return None
        head, rest = split_header(decode_text(data))
        version = locked.highest() + 1
        text = join(head, rest, version) if former.accepted else join(head, rest, None)
        data = encode_text(text)
        record = VersionRecord(
            version, digest_of(data), "intended", "restore", time.time(),
            accepted=former.accepted, reason=reason, text_of=former.version,
            followed=not (former.accepted and self._taken_since(former, version)),
        )  # fmt: skip
        after = self._file.prepare(text, record.digest, version)
        with (
            Candidate(self._file.place, data) as candidate,
            self._records.intended(record, candidate),
        ):
            kept = self._records.sync(record, data, candidate, locked.current())
            files = self._records.changed_files(text)
            locked.publish(candidate, after, NewVersion(record, kept, files=files))
        failpoint("restored")
        _log.warning("version %d put back as version %d: %s", former.version, version, reason)
        return version
