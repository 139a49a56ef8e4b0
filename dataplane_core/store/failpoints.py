"""Places where the tests let the server die: `DATAPLANE_FAILPOINT=name` or `name:visit`.

The process ends there as `kill -9` would end it: no handler runs, no buffer is flushed. Without the
variable a failpoint costs one look at a global.
"""

import os
from itertools import count

_NAME, _, _HIT = os.environ.get("DATAPLANE_FAILPOINT", "").partition(":")
_hits = count(1)

NAMES = (
    "turn-taken",
    "candidate-written",
    "intent-recorded",
    "version-kept",
    "fallback-synced",
    "candidate-checked",
    "locked",
    "replaced",
    "directory-synced",
    "done-recorded",
    "followed",
    "edit-stored",
    "restored",
    "files-noted",
    "files-brought",
)
"""Every failpoint, in the order in which a commit passes them; the last four lie elsewhere."""

IN_PLACE = ("journal-written", "half-written", "written-in-place")
"""Those between "locked" and "replaced" where the file is mounted by itself."""


def failpoint(name: str) -> None:
    """End the process if the environment asks for it at this place and at this visit."""
    if _NAME and name == _NAME and next(_hits) == int(_HIT or 1):
        os._exit(137)
