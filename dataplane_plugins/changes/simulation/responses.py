"""The response that a server gives in a simulation, as the request says it, or as nobody does."""

from http import HTTPStatus

from dataplane_core.plugin import dataclass

LARGEST = 1 << 20
"""Bytes of a body, at most."""

FRAMING = frozenset(("transfer-encoding", "connection", "keep-alive", "upgrade"))
"""Header fields that are about a connection, of which a simulation has its own."""

_LENGTH = "content-length"
_WITHOUT_BODY = frozenset((204, 304))


@dataclass(frozen=True, slots=True)
class SimulatedResponse:
    """What a server answers: 200, without any header field, unless something else is said."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def length(self) -> int:
        """The length of the body: as it is said, else as it is."""
        said = [value for name, value in self.headers if name.lower() == _LENGTH]
        return int(said[0]) if said else len(self.body)

    def to_send(self, method: str) -> bytes:
        """Return the bytes with which a server answers a request with a method."""
        has_body = self.status not in _WITHOUT_BODY
        headers = [one for one in self.headers if one[0].lower() != _LENGTH]
        if has_body:
            headers.append(("Content-Length", str(self.length)))
        # HAProxy keeps this from rules. Else it could use the connection once more.
        headers.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {self.status} {reason(self.status)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape")
        is_sent = has_body and method != "HEAD"
        return head + self.body.ljust(self.length, b"\0") if is_sent else head


def reason(status: int) -> str:
    """Return the words behind a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Other"
