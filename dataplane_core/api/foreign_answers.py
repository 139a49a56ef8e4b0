"""Look at the answers of responders that third parties' plugins have added before they are sent.

Nobody can end a responder that hangs, and it holds a thread of its worker: so the paths of one
plugin never have all of them.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import falcon

from dataplane_core.api.request import ApiRequest
from dataplane_core.feeds import FEED
from dataplane_core.hooks.containment import PluginFailed
from dataplane_core.lazy_pattern import lazy_pattern

_PATIENCE = 1.0  # seconds in which one of the requests under way may end
_BLOCK = 1 << 16  # bytes of a stream that are read at once
_VALUE = lazy_pattern(r"[ \t\x21-\x7e\x80-\xff]*")
_FRAMING = ("Content-Length", "Content-Encoding")

Watching = Callable[[], AbstractContextManager[None]]


class PluginBusy(PluginFailed):
    """A plugin whose requests under way hold as many threads as one plugin may have."""

    status = 503
    retry_after = 1


class PluginThreads:
    """The threads of this process that the paths of one plugin hold: at most half of all.

    A request that finds none waits a moment for one, but not where another has waited in vain since
    the last one was given back: those that wait hold threads, too.
    """

    def __init__(self, plugin: str, threads: int) -> None:
        self.most = max(1, threads // 2)
        self.patience = _PATIENCE
        self._plugin = plugin
        self._held = 0
        self._is_stuck = False
        self._changed = threading.Condition()

    def take(self) -> None:
        """Count a request; raises `PluginBusy`, with the plugin's name, if there are too many."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stuck or self._held < self.most, self.patience)
            if self._held >= self.most:
                self._is_stuck = True
                self._changed.notify_all()
                raise PluginBusy(
                    f"the plugin {self._plugin} is busy: {self.most} requests to its paths are "
                    "under way, and no more may be at once"
                )
            self._held += 1

    def give_back(self) -> None:
        """Count a request no more."""
        with self._changed:
            self._held -= 1
            self._is_stuck = False
            self._changed.notify()


class _HeldStream:
    """The parts of an answer, until whose end a thread is held; `watching` is for each part."""

    def __init__(self, stream: Any, watching: Watching, give_back: Callable[[], None]) -> None:
        self._stream, self._watching, self._give_back = stream, watching, give_back
        read = getattr(stream, "read", None)
        parts: Iterator[bytes] = iter(stream) if read is None else iter(lambda: read(_BLOCK), b"")
        self._parts = parts
        self._is_over = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._watching():
            return next(self._parts)

    def close(self) -> None:
        """End the stream, whose thread is free then."""
        if not self._is_over:
            self._is_over = True
            try:
                if (close := getattr(self._stream, "close", None)) is not None:
                    close()
            finally:
                self._give_back()

    __del__ = close  # nobody closes the stream of an answer in whose place a failure was sent


def looked_at(
    respond: Callable[..., None], watching: Watching, threads: PluginThreads
) -> Callable[..., None]:
    """Return a responder whose answer can be sent, or that has failed and left nothing behind.

    `watching` watches one call: it names the plugin of one that does not return. A call holds one
    of `threads`, and so does the stream that it answers with; but not a call of a responder that
    the server has for every collection.
    """
    is_foreign = not respond.__module__.startswith("dataplane_core.")

    def responded(req: ApiRequest, resp: falcon.Response, **named: Any) -> None:
        if is_foreign:
            threads.take()
        goes_on = not is_foreign
        try:
            with watching():
                respond(req, resp, **named)
            _look_at(resp)
            if is_foreign and resp.stream is not None and FEED not in req.env:
                resp.stream = _HeldStream(resp.stream, watching, threads.give_back)
                goes_on = True
        except BaseException:
            resp.text = resp.data = resp.stream = resp.media = None
            for name in _FRAMING:
                resp.delete_header(name)
            raise
        finally:
            if not goes_on:
                threads.give_back()

    return responded


def _look_at(resp: falcon.Response) -> None:
    """Raise an error for an answer that cannot be sent."""
    falcon.code_to_http_status(resp.status)
    body = resp.render_body()
    if not isinstance(body, bytes | None):
        raise TypeError(f"the body of the answer is {type(body).__name__}, not bytes")
    for name, value in resp.headers.items():
        if not _VALUE.fullmatch(value):
            resp.delete_header(name)
            raise ValueError(f"the header {name} of the answer cannot be sent")
