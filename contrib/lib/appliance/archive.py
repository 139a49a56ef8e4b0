"""Write an archive that Python runs, to the same bytes from the same entries."""

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime

_FIRST = 315532800  # seconds until 1980, where the times of archives begin


def archive(entries: Mapping[str, bytes], moment: int, *, stored: tuple[str, ...]) -> bytes:
    """Return an archive of entries in the order of their names, all of one time.

    Those with the endings `stored` are not compressed: a start reads them.
    """
    time = datetime.fromtimestamp(max(moment, _FIRST), UTC).timetuple()[:6]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, time)
            info.create_system, info.external_attr = 3, 0o644 << 16
            how = zipfile.ZIP_STORED if name.endswith(stored) else zipfile.ZIP_DEFLATED
            packed.writestr(info, entries[name], how, 9)
    return written.getvalue()
