"""Serve one request in a thread: call the application, write its answer, log it."""

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any

from dataplane_core.environ_keys import CERTIFICATE, DEMAND_BODY, REPEAT
from dataplane_core.feeds import FEED, LATER, Feed, LaterAnswer
from dataplane_core.logs.apache import AccessRecord
from dataplane_core.logs.request_id import REQUEST_ID, choose_request_id
from dataplane_core.server.body_framing import BodyFraming, LengthFraming
from dataplane_core.server.log_targets import is_logged, log_access
from dataplane_core.server.refusals import closing_answer
from dataplane_core.server.request_body import BodyWanted, RequestBody
from dataplane_core.server.request_head import RequestHead
from dataplane_core.server.serving import ClientGoneError, OpenConnection
from dataplane_core.server.wsgi_answer import WsgiAnswer, close_parts
from dataplane_core.server.wsgi_environ import make_environ

log = logging.getLogger("dataplane.server")

_SKIPPED = 1 << 20
"""Bytes of a body that are read and dropped so that the connection can be kept."""


class _Exchange:
    """A request, and what is answered: at once, or when an answer that comes later is ready."""

    def __init__(self, connection: OpenConnection, head: RequestHead, body: Any) -> None:
        self.connection, self.head, self.body = connection, head, body
        self.started = time.monotonic()
        self.answer = WsgiAnswer(head, partial(_may_keep, connection, head, body), connection.send)
        self.later: LaterAnswer | None = None
        self.environ: dict[str, Any] = {}

    def ask(self) -> Iterable[bytes]:
        """Ask the application; return the body, unless the answer comes later."""
        connection, body = self.connection, self.body
        listener = connection.listener
        self.environ = environ = make_environ(listener.environ, self.head, connection.peer, body)
        environ[REQUEST_ID] = choose_request_id(self.head.fields.get("HTTP_X_REQUEST_ID"))
        environ[LATER] = self._wait
        if isinstance(body, RequestBody):
            environ[DEMAND_BODY] = body.demand
        if listener.scheme == "https":
            environ[CERTIFICATE] = connection.certificate
        return connection.serving.application(environ, self.answer.start_response)

    def _wait(self, later: LaterAnswer) -> None:
        self.later = later

    def give_later(self) -> Callable[[], None]:
        """Give the answer that was waited for; return the last step."""
        later, self.later = self.later, None
        assert later is not None
        return _serve(self, later)


def serve(connection: OpenConnection, head: RequestHead, body: Any) -> Callable[[], None]:
    """Answer a request, and return the last step: it gives the connection back to the loop.

    `body` is a `RequestBody`, or a file of a body that has come as a whole.
    """
    exchange = _Exchange(connection, head, body)
    return _serve(exchange, exchange.ask)


def _serve(exchange: _Exchange, ask: Callable[[], Iterable[bytes]]) -> Callable[[], None]:
    connection, body = exchange.connection, exchange.body
    keeps, framing, feed = False, None, None
    try:
        keeps, feed = _answer(exchange, ask)
        if exchange.later is not None:
            if isinstance(body, RequestBody):
                body.close()  # the answer may be long in coming, and others need the room
            return partial(_wait_for_answer, exchange, exchange.later)
        if isinstance(body, RequestBody):
            keeps = keeps and not body.failed
            framing, connection.rest = body.framing, body.rest
    except BodyWanted as wanted:
        return partial(_wait_for_body, connection, exchange.head, body, wanted.most)
    except BaseException:  # whatever an application raises, the connection must not be lost
        log.exception("a request failed")
    if isinstance(body, RequestBody):
        body.close()
    if feed is not None:
        return partial(_hand_over, connection, feed)
    return partial(_give_back, connection, keeps, framing)


def _wait_for_answer(exchange: _Exchange, later: LaterAnswer) -> None:
    try:
        exchange.connection.wait_for_answer(later, exchange.give_later)
    except Exception:
        log.exception("a connection was given up")
        exchange.connection.serving.loop.call(exchange.connection.close)


def _wait_for_body(
    connection: OpenConnection, head: RequestHead, body: RequestBody, most: int
) -> None:
    try:
        connection.wait_for_body(head, body, most)
    except Exception:
        log.exception("a connection was given up")
        connection.close()


def _give_back(connection: OpenConnection, keeps: bool, framing: BodyFraming | None) -> None:
    try:
        connection.give_back(keeps, framing)
    except Exception:
        log.exception("a connection was given up")
        connection.close()


def _hand_over(connection: OpenConnection, feed: Feed) -> None:
    try:
        connection.stream(feed)
    except Exception:
        log.exception("a connection was given up")
        feed.close()
        connection.close()


def _answer(
    exchange: _Exchange, ask: Callable[[], Iterable[bytes]]
) -> tuple[bool, Feed | None]:
    """Answer a request, and return whether the connection can be kept, and what goes on there."""
    connection, head, answer = exchange.connection, exchange.head, exchange.answer
    feed: Feed | None = None
    try:
        parts = ask()
        if exchange.later is not None:
            return True, None
        environ = exchange.environ
        try:
            if REPEAT in environ:  # before it is sent: the client may ask again at once
                _remember(connection, head, environ, answer, parts)
            if FEED in environ and answer.status == 200:
                answer.send_head()
                feed = environ[FEED]
            else:
                answer.send_all(parts)
        finally:
            if feed is None:
                close_parts(parts)
    except ClientGoneError as gone:
        answer.keeps = False
        log.debug("a client was gone before its answer: %s", gone)
    except Exception as error:
        answer.keeps = False
        if isinstance(error, OSError) and getattr(exchange.body, "failed", False):
            log.info("a client was not served: %s", error.strerror)
        else:
            _fail(connection, answer, error)
    if answer.status and is_logged(answer.status):
        seconds, headers = time.monotonic() - exchange.started, tuple(answer.headers)
        _log(AccessRecord(exchange.environ, answer.status, answer.sent, seconds, headers))
    return answer.keeps, feed


def _remember(
    connection: OpenConnection,
    head: RequestHead,
    environ: dict[str, Any],
    answer: WsgiAnswer,
    parts: Iterable[bytes],
) -> None:
    """Remember an answer that is there as a whole, for equal requests."""
    if answer.status != 200 or not isinstance(parts, list) or len(parts) != 1:
        return
    try:
        memory = connection.serving.memory
        memory.remember(head, environ, answer.line, answer.headers, parts[0])
    except Exception:
        log.exception("an answer is not remembered")


def _log(record: AccessRecord) -> None:
    """Write the access line; a log that cannot be written is nobody's fault who asks."""
    try:
        log_access(record)
    except Exception:
        log.exception("an access line could not be written")


def _may_keep(connection: OpenConnection, head: RequestHead, body: Any) -> bool:
    """Return whether the connection can be kept after the answer that begins now.

    What nobody has read of a body comes before the next request: it has to be short, and not to
    depend on whether the client still sends it.
    """
    serving = connection.serving
    if not head.keeps or not serving.keeps:
        return False
    if not isinstance(body, RequestBody) or body.framing.done:
        return True
    waits = head.continues and not body.is_wanted
    return not (body.failed or waits or _known_to_be_long(body.framing))


def _known_to_be_long(framing: BodyFraming) -> bool:
    return isinstance(framing, LengthFraming) and framing.left > _SKIPPED


def _fail(connection: OpenConnection, answer: WsgiAnswer, error: Exception) -> None:
    """Log a request that failed outside of what the application answers, and say so in JSON."""
    log.error("a request failed", exc_info=error)
    if not answer.head_sent:
        message = "the request failed for an unforeseen reason; the log has it"
        try:
            connection.send(closing_answer(HTTPStatus.INTERNAL_SERVER_ERROR, message))
        except ClientGoneError:
            log.debug("the client was gone before its answer")
