"""Keep haproxy.cfg and the stored files that it names in step with the running HAProxy."""

import logging

from dataplane_core.errors import StorageFailed
from dataplane_core.references.used_files import UsedFiles
from dataplane_core.store.journal.reloads import ReloadRecord
from dataplane_core.store.versioned_file import VersionedFile

_log = logging.getLogger(__name__)


class LoadedFiles:
    """What a reload loads, and what becomes of it once the reload is over."""

    def __init__(self, config: VersionedFile, used_files: UsedFiles) -> None:
        self._config = config
        self._used_files = used_files

    def newest_version(self) -> int:
        """Return the version that haproxy.cfg holds, with its files beside it."""
        self._settle()
        return self._config.version()

    def accept(self, record: ReloadRecord) -> None:
        """Record that HAProxy runs a version, and let go of what was kept to undo it."""
        self._config.accept(record.version)
        self._used_files.reload_succeeded(record.id)
        self._settle()

    def put_back_files(self, record: ReloadRecord) -> list[str]:
        """Put back the stored files changed for a reload; return the paths of those."""
        return self._used_files.former.put_back(record.id, record.said)

    def put_back_text(self, record: ReloadRecord) -> int | None:
        """Put back the text that HAProxy last accepted, and the files that it needs.

        Returns the number of the version made so, None where the present text stays.
        """
        restored = self._config.restore(record.said, record.version)
        if self._settle() and restored is not None:
            self._config.record_files(late=False)
        self._used_files.text_put_back()
        return restored

    def _settle(self) -> bool:
        """Have the files go with the text (`BroughtFiles`); return whether any came back."""
        try:
            return self._used_files.brought.settle()
        except StorageFailed as error:
            _log.error("files that go with the former text are not back yet: %s", error.message)
            return False
