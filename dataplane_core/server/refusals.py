"""Refuse requests that are no HTTP, or more than a limit allows, in JSON like all other answers."""

import json
import socket
from contextlib import suppress
from http import HTTPStatus


class RefusedRequest(Exception):
    """A request that the application never sees; the connection ends with the answer.

    `reason` is for the log. Nothing of the request is in it: that may hold a password. `message` is
    for the client, who is told to come again after `again` seconds unless that is 0.
    """

    def __init__(
        self,
        reason: str,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
        message: str = "",
        again: int = 0,
    ) -> None:
        super().__init__(reason)
        self.status, self.message, self.again = status, message, again

    def answer(self) -> bytes:
        """Return the whole answer."""
        phrase = self.status.phrase
        message = self.message or f"the request is not HTTP as this server takes it: {phrase}"
        return closing_answer(self.status, message, self.again)


def closing_answer(status: HTTPStatus, message: str, again: int = 0) -> bytes:
    """Return a whole answer that ends the connection; `again`: seconds until the next try."""
    retry = f"Retry-After: {again}\r\n" if again else ""
    body = json.dumps({"code": int(status), "message": message}).encode()
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\nConnection: close\r\n{retry}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def refuse_connection(accepted: socket.socket, is_plain: bool) -> None:
    """Close a connection that has no place, and say so where that needs no handshake."""
    message = "this address has as many connections as it may, and a request on each of them"
    with suppress(OSError), accepted:
        accepted.setblocking(False)
        if is_plain:
            accepted.send(closing_answer(HTTPStatus.SERVICE_UNAVAILABLE, message, 1))
            accepted.shutdown(socket.SHUT_WR)
