"""Which version HAProxy was given, and whether that is the one in the file."""

from collections.abc import Iterator

from dataplane_core.plugin import DataplaneError, Services
from dataplane_plugins.changes.drift.deviation import Deviation, Edit, Nothing, Reload, Remedy

TEXT = "text"
"""The kind of the difference between two whole texts."""


class TextDrift:
    """Compares the version that HAProxy has with the newest one."""

    def __init__(self, services: Services) -> None:
        self._config = services.config

    def find(self) -> Iterator[Deviation]:
        """Yield a difference if HAProxy was not given the newest version.

        It has a version that it has loaded, or that it has taken over its socket.
        """
        newest = self._config.version()
        records = self._config.history.latest()
        active = [one for one in records if one.status == "active"]
        has = next((one.version for one in active if one.accepted or one.applied), None)
        if has == newest or not active:
            return
        refused = next((one.reason for one in active if one.version == newest and one.refused), "")
        reload: Remedy = Reload(f"HAProxy has not loaded version {newest}")
        if refused:
            reload = Nothing(f"HAProxy refuses version {newest}: {refused}")
        yield Deviation(TEXT, "haproxy.cfg", "version", newest, has, reload, self._back(has))

    def _back(self, version: int | None) -> Remedy:
        if version is None:
            return Nothing("it is not known what HAProxy has loaded")
        try:
            self._config.raw_text(version)
        except DataplaneError as error:
            return Nothing(error.message)
        snapshot = self._config.file.snapshot_of(version)
        return Edit(f"puts version {version} back", lambda document: snapshot.document)
