"""Ask who shares the configuration with other servers before anything of it takes its place."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import DataplaneError
from dataplane_core.store.change import Committed

_log = logging.getLogger(__name__)

ShareVersion = Callable[[Committed], object]
"""Makes a checked change the next one of all servers; raises what refuses it."""

ShareFile = Callable[[str, bytes | None], object]
"""Makes what a file will hold that of all servers, None where it goes; raises what refuses it."""


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file that becomes another: what it holds before and after, None where there is none."""

    path: str
    before: bytes | None
    after: bytes | None


ShareFiles = Callable[[Sequence[SharedFile], bool], AbstractContextManager[None]]
"""Has the version that is made in the body bring files to all servers in the same step.

Where the body makes none (the second argument), the files are shared at its end. Raises what
refuses them.
"""


CatchUp = Callable[[], object]
"""Brings this server to the newest version of all; raises what keeps it from that."""


@dataclass(eq=False, slots=True)
class Sharing:
    """What a plugin does with a version, and a file beside it, right before it takes its place.

    `version` is called with the lock on the file held, when nothing but the disk can refuse the
    change any more. `catch_up` is called, without a lock, before a change that follows on whatever
    is the newest version is tried again. `files` is for those that go with a version. All are None
    where nothing is shared.
    """

    version: ShareVersion | None = None
    file: ShareFile | None = None
    files: ShareFiles | None = None
    catch_up: CatchUp | None = None

    @contextmanager
    def together(self, files: Sequence[SharedFile], *, makes_version: bool) -> Iterator[None]:
        """Share files and the version that is made in the body in one step."""
        if self.files is None or not files:
            yield
            return
        with self.files(files, makes_version):
            yield

    def tell(self, change: Committed, *, undoes: bool) -> None:
        """Share a version; one that takes back what is on trial goes whatever refuses it.

        What it takes back may be why others cannot be told.
        """
        if self.version is None:
            return
        try:
            self.version(change)
        except DataplaneError as error:
            if not undoes:
                raise
            _log.warning("a version is taken back on this server alone: %s", error.message)
