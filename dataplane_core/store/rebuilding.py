"""Make versions again, in a new state, of the texts that a broken one has left."""

from dataplane_core.store.head import digest_of
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.journal.versions import VersionTable
from dataplane_core.store.texts import VersionTexts


def rebuild(versions: VersionTable, texts: VersionTexts) -> None:
    """Record the texts that are kept as versions; HAProxy is taken to run the last of them."""
    kept = texts.kept()
    for version in kept:
        for digest, data, written in texts.all_of(version):
            if digest_of(data) == digest:
                record = VersionRecord(
                    version, digest, "active", "api", written, accepted=version == kept[-1],
                    followed=True, reason="the record of it was lost",
                )  # fmt: skip
                versions.record(record)
