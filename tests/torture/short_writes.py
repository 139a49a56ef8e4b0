"""Writes that write half of their bytes, in processes that are told so by a library in front of the C library's.

strace can only say that a write wrote nothing. The library is built by the system's compiler from
the text beside this module.
"""

import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
_CONTROL = struct.Struct("iiii")  # armed, seen, when, done


@cache
def compiler() -> str | None:
    """The system's compiler; None without one."""
    return shutil.which("cc")


class ShortWrites:
    """What the processes are told that are started with `environ`."""

    def __init__(self, folder: Path) -> None:
        library, self._control = folder / "short_writes.so", folder / "short_writes"
        command = [compiler() or "cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        self._control.write_bytes(bytes(_CONTROL.size))
        self.environ = {"LD_PRELOAD": str(library), "DATAPLANE_SHORT_WRITES": str(self._control)}

    @contextmanager
    def armed(self, when: int) -> Iterator[None]:
        """Have the `when`-th write of all these processes write a half; 0: none, all are counted."""
        self._set(1, 0, when, 0)
        try:
            yield
        finally:
            self._set(0, self.seen, when, self.done)

    @property
    def seen(self) -> int:
        """How many writes there were."""
        return self._read()[1]

    @property
    def done(self) -> int:
        """Whether one has written a half."""
        return self._read()[3]

    def _read(self) -> tuple[int, int, int, int]:
        armed, seen, when, done = _CONTROL.unpack(self._control.read_bytes())
        return armed, seen, when, done

    def _set(self, *values: int) -> None:
        with open(self._control, "r+b") as file:
            file.write(_CONTROL.pack(*values))

