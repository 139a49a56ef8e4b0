"""A request and what the frame has found in it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

import falcon

from dataplane_core.api.change_options import author, change_options
from dataplane_core.auth import Admission, Identity, Session
from dataplane_core.auth.session_cookie import read_cookie, write_cookie
from dataplane_core.codec.codec import Loaded
from dataplane_core.codec.lists import LoadedList
from dataplane_core.environ_keys import LISTENER
from dataplane_core.logs.request_id import REQUEST_ID, choose_request_id
from dataplane_core.store.author import Author, ChangeOptions, Condition
from dataplane_core.store.scratch import Scratch
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.text.tokens import CONTROL_CHARACTERS

if TYPE_CHECKING:
    from dataplane_core.api.hiding import Hiding
    from dataplane_core.store.config import ConfigStore

APPLICATION = "dataplane.application"
"""Where the environment has the application, for requests that have others tried."""

SCRATCH = "dataplane.scratch"
"""Where the environment of a request that is only tried has its configuration."""

SESSION = "dataplane.session"
"""Where the environment has the session that a request was found to have."""

IDENTITY = "dataplane.identity"
"""Where the environment has who asks."""

READS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

IS_TRIAL = "dataplane.is_trial"
"""Where the environment of a request tells that it changes nothing: with `dry_run`."""

IS_STEP = "dataplane.is_step"
"""Where the environment of a request tells that it edits in a transaction."""

FOLLOWED = "dataplane.followed"
"""Where the environment of a change has its answer, where that is to wait for something."""

_LOST = "\ufffd"
"""What falcon puts in the place of bytes that are not UTF-8."""
_BYTES = "surrogateescape"
"""How names have such bytes everywhere else: in texts of HAProxy, and in bodies."""


def _always() -> bool:
    return True


class CheckedRequest(falcon.Request):
    """A request that the frame has checked.

    Bytes in the path and in the query that are not UTF-8 are what they are in the configuration, so
    that each name which a list shows has a path.

    `identity` is who asks (None before authentication), and `admission` what that rests on where
    the server itself has recognised them; `session` is that of a browser, and `new_cookie` the
    header `Set-Cookie` by which the browser is to keep another one. `query` has the parameters in
    their types, `raw` the body as it came and `loaded` the decoded one, where the operation has a
    codec; `lines` is the room that the body has taken for its lines.
    `matched_version` is the version in which the resource has the tag that `If-Match` asks for, and
    `condition` makes sure that it still has it in the one that is changed.
    `as_of` is the text that the resource is looked at in, in place of the newest.
    `hiding` hides secrets from who asks; None where they see them.
    `shown_version` is the version of the configuration that the answer shows, once that is known,
    and `snapshot` the configuration's newest text, if that is what the answer was read from.
    `may_go_on` tells whether an answer that goes on still may: a session ends it with itself.
    """

    __slots__ = (
        "_request_id",
        "admission",
        "as_of",
        "condition",
        "hiding",
        "identity",
        "lines",
        "loaded",
        "matched_version",
        "may_go_on",
        "new_cookie",
        "query",
        "raw",
        "session",
        "shown_version",
        "snapshot",
    )

    def __init__(self, env: dict[str, Any], options: falcon.RequestOptions | None = None) -> None:
        super().__init__(env, options=options)
        if _LOST in self.path:
            self.path = env["PATH_INFO"].encode("latin-1").decode("utf-8", _BYTES)
        if _LOST in str(self._params):
            self._params = _with_bytes(self._params, self.query_string)
        self.identity: Identity | None = None
        self.admission: Admission | None = None
        self.hiding: Hiding | None = None
        self.session: Session | None = None
        self.new_cookie = ""
        self.may_go_on: Callable[[], bool] = _always
        self.query: Mapping[str, Any] = {}
        self.raw = b""
        self.lines = 0
        self.loaded: Loaded | LoadedList | None = None
        self.as_of: Snapshot | None = None
        self.condition: Condition | None = None
        self.matched_version: int | None = None
        self.shown_version: int | None = None
        self.snapshot: Snapshot | None = None
        self._request_id = ""

    @property
    def listener(self) -> str:
        """The kind of listener that the request came to: `http`, `https` or `unix`."""
        return str(self.env.get(LISTENER) or self.env["wsgi.url_scheme"])

    @property
    def session_token(self) -> str:
        """The token of a session that a browser has sent; empty without one."""
        return read_cookie(self.env.get("HTTP_COOKIE"))

    def keep_token(self, token: str, behind_tls: bool) -> None:
        """Have the browser keep the token of a session, or without one forget what it has.

        `behind_tls`: the browser speaks TLS, whatever the listener does.
        """
        self.new_cookie = write_cookie(token, behind_tls or self.listener == "https")

    def sign(self, identity: Identity) -> None:
        """Let the request be one of somebody who was recognised."""
        self.identity = self.env[IDENTITY] = identity
        self.env["REMOTE_USER"] = identity.name

    @property
    def who(self) -> str:
        """The name of who asks; empty for a request that nobody has signed."""
        return self.identity.name if self.identity else ""

    @property
    def author(self) -> Author:
        """Who asks, from where, and for what reason; raises `BadRequest` for a bad reason."""
        return author(self.env, self.identity, self.request_id)

    @property
    def change_options(self) -> ChangeOptions:
        """What the request wants of a change; raises `BadRequest` for what cannot be read."""
        return change_options(self.params, self.env.get("HTTP_IF_MATCH"))

    def seen(self, store: "ConfigStore") -> "ConfigStore":
        """Return a store as who asks may see it."""
        return store if self.hiding is None else self.hiding.store(store)

    @property
    def echo(self) -> Any:
        """The decoded body, as an answer shows it."""
        assert self.loaded is not None
        echo = self.loaded.echo
        return echo if self.hiding is None else self.hiding.stand_ins.in_json(echo)

    @property
    def scratch(self) -> Scratch | None:
        """The configuration that a request is tried on, if it is only tried."""
        return self.env.get(SCRATCH)

    @property
    def request_id(self) -> str:
        """The identifier that the server has given; else as `choose_request_id` says."""
        if not self._request_id:
            env = self.env
            given = env.get(REQUEST_ID) or choose_request_id(env.get("HTTP_X_REQUEST_ID"))
            self._request_id = env[REQUEST_ID] = given
        return self._request_id

    def reference(self, path: str) -> str:
        """Return a relative reference to `path`: a proxy may have put a prefix before the paths."""
        asked = self.env.get("dataplane.path") or self.env.get("PATH_INFO") or "/"
        return "../" * (asked.count("/") - 1) + path.lstrip("/")

    @property
    def asked_path(self) -> str:
        """The path as it was asked for, decoded but for its control characters."""
        path: str = self.env.get("dataplane.path") or self.env.get("PATH_INFO") or "/"
        text = path.encode("latin-1").decode("utf-8", "replace")
        return CONTROL_CHARACTERS.sub(lambda found: quote(found[0]), text)

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, without parameters; empty without one."""
        return (self.env.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()

    @property
    def body(self) -> Loaded:
        """The decoded object of an operation that takes one."""
        assert isinstance(self.loaded, Loaded)
        return self.loaded

    @property
    def body_list(self) -> LoadedList:
        """The decoded list of an operation that takes one."""
        assert isinstance(self.loaded, LoadedList)
        return self.loaded


def _with_bytes(
    params: Mapping[str, str | list[str]], query: str
) -> dict[str, str | list[str]]:
    """Return parameters with the bytes of their values that are not UTF-8."""
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors=_BYTES):
        given.setdefault(name, []).append(value)
    return {
        name: value if _LOST not in str(value) or name not in given
        else given[name] if isinstance(value, list) else given[name][-1]
        for name, value in params.items()
    }  # fmt: skip
