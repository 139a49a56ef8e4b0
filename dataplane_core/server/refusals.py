"""Refuse requests that are no HTTP, or more than a limit allows, in JSON like all other answers."""

import json
from http import HTTPStatus


class RefusedRequest(Exception):
    """A request that the application never sees; the connection ends with the answer.

    `reason` is for the log. Nothing of the request is in it: that may hold a password.
    """

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.status = status

    def answer(self) -> bytes:
        """Return the whole answer."""
        phrase = self.status.phrase
        return closing_answer(
            self.status, f"the request is not HTTP as this server takes it: {phrase}"
        )


def closing_answer(status: HTTPStatus, message: str) -> bytes:
    """Return a whole answer that ends the connection."""
    body = json.dumps({"code": int(status), "message": message}).encode()
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body
