"""Say who asks for a change, from where, why, and how it is to be made."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.store.trial import Gate

Condition = Callable[[Any], object]
"""Raises what refuses a change that is to be made on a snapshot (`Snapshot`, a floor higher)."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who asks for a change, and from where; what is not known is empty.

    `name` is that of a user or of a client certificate, `method` how it was proved (`basic`,
    `certificate`, or what a plugin says). `address` is the peer's (`192.0.2.1:4711`, or `unix`),
    `client` what the client calls itself (User-Agent), `interface` the version of the API (`v3`),
    `reason` what the client says that the change is for.
    """

    name: str = ""
    method: str = ""
    address: str = ""
    client: str = ""
    interface: str = ""
    request_id: str = ""
    reason: str = ""


NOBODY = Author()
_asks: ContextVar[Author] = ContextVar("asks", default=NOBODY)


def who_asks() -> Author:
    """Return who asks for the change that is made in this thread; nobody where nobody knows."""
    return _asks.get()


@contextmanager
def asked_by(author: Author) -> Iterator[None]:
    """Have changes in the body be asked for by somebody.

    A file beside the configuration is changed by what knows nothing of who asks.
    """
    token = _asks.set(author)
    try:
        yield
    finally:
        _asks.reset(token)


@dataclass(frozen=True, slots=True)
class ChangeOptions:
    """What a client wants of a change beside the change itself, in every version of the API.

    `dry_run`: say what it would do, and do nothing. `rebase`: put a change that was made for an
    older version on the newest one. `confirm_within`: seconds within which the change has to be
    confirmed, or it is taken back, as it is where HAProxy does not pass the `gate`. `if_match`:
    tags (ETag) one of which the resource has to have. `expect`: the name of a file that says where
    requests have to go, or the change is refused. `condition` says whether the text that a change
    is made on is still as the client takes it for: it raises what refuses the change.
    """

    dry_run: bool = False
    rebase: bool = False
    confirm_within: float | None = None
    gate: Gate | None = None
    expect: str = ""
    if_match: tuple[str, ...] = ()
    condition: Condition | None = None


PLAIN = ChangeOptions()
