"""The application with all plugins, called without a network."""

import io
import tarfile
from collections.abc import Iterable

from tests.api.support import OWN, Api

V3 = "/v3/services/haproxy/configuration"
APPLY = f"{OWN}/apply"


class WholeApi(Api):
    """The application with every plugin that comes with the server."""

    def wanted(self, plugins: Iterable[object]) -> list[object] | None:
        return None


def archive(files: dict[str, str | bytes], mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as made:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            data = data.encode() if isinstance(data, str) else data
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return stream.getvalue()
