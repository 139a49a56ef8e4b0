"""Configurations to measure with; HAProxy accepts every one of them."""

from collections.abc import Iterator
from dataclasses import dataclass

HEAD = """\
# _version=1
global
  maxconn 1000

defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s

frontend site
  bind 127.0.0.1:{port} name public
  default_backend be0

"""


@dataclass(frozen=True)
class Size:
    """How much stands in a configuration; `extra` lines are spread over the backends."""

    name: str
    servers: int
    backends: int
    extra: int = 0


SMALL = Size("10 servers", 10, 1)
MEDIUM = Size("1 000 servers", 1_000, 10)
LARGE = Size("10 000 servers", 10_000, 100)
ONE_BACKEND = Size("10 000 servers in one backend", 10_000, 1)
LINES = Size("100 000 lines", 10_000, 100, 90_000)
SIZES = (SMALL, MEDIUM, LARGE, LINES)


def backend(number: int, servers: int, extra: int) -> Iterator[str]:
    """One backend: what people write around servers, and the servers."""
    yield f"backend be{number}\n  balance roundrobin\n"
    for line in range(extra):
        if line % 3 == 0:
            yield f"  # header {line} of backend {number}\n"
        else:
            yield f"  http-request set-header X-Part-{line} value-{number}\n"
    for server in range(servers):
        address = f"10.{number % 250}.{server // 250}.{server % 250 + 1}"
        yield f"  server s{server} {address}:8080 check inter 2s weight 10 maxconn 100\n"
    yield "\n"


def configuration(size: Size, port: int) -> str:
    """The text of a configuration of that size."""
    servers, extra = size.servers // size.backends, size.extra // size.backends
    parts = [HEAD.format(port=port)]
    for number in range(size.backends):
        parts.extend(backend(number, servers, extra))
    return "".join(parts)
