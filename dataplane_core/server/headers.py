"""One limit for all headers of a request together, where gunicorn has one for each."""

from typing import Any

from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser


class LimitedRequest(Request):
    """A request whose `limit_request_field_size` is meant for all its header lines."""

    def parse(self, unreader: Any) -> Any:
        """Read the request line and the headers; what follows the limit is not waited for."""
        self.max_buffer_headers = self.limit_request_field_size
        return super().parse(unreader)

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> Any:
        """Take the header lines apart, ends of lines included in their size."""
        if len(data) > self.limit_request_field_size:
            raise LimitRequestHeaders("limit request headers size")
        return super().parse_headers(data, from_trailer)


class LimitedParser(RequestParser):
    """Reads one such request after the other from a connection."""

    mesg_class = LimitedRequest
