"""The limit of reads: HAProxy itself, which returns the bytes of an answer from memory."""

from pathlib import Path

from tests.bench.load import request, whole_answer
from tests.bench.systems import At, at
from tests.harness.haproxy import HaproxyProcess
from tests.harness.server import free_port

THREADS = 2
_FRAMING = ("content-length", "content-type", "connection")
"""Header lines that HAProxy writes itself, or leaves out."""
_BUFFER = 16_384
TEXT = """\
global
  nbthread {threads}
  tune.bufsize {buffer}
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend limit
  bind 127.0.0.1:{port}
  http-request return status 200 content-type {kind} file '{file}'{headers}
"""


def size(lines: list[str]) -> int:
    """How many bytes the lines of a head take."""
    return len("\r\n".join(lines))


class Returning:
    """HAProxy that gives to every request what a server gave to one; a context manager.

    The header lines are those of the answer, and have as many bytes altogether.
    """

    def __init__(self, haproxy: str, folder: Path, port: int, path: str, user: str) -> None:
        folder.mkdir(parents=True)
        self.port = free_port()
        self._asked = request(path, user)
        self._lines, self._body = whole_answer(port, self._asked)
        assert self._lines[0] == "HTTP/1.1 200 OK", self._lines
        (folder / "body").write_bytes(self._body)
        self._configuration = folder / "haproxy.cfg"
        self._process = HaproxyProcess(haproxy, self._configuration, folder)

    @property
    def length(self) -> int:
        """How long the body is."""
        return len(self._body)

    @property
    def at(self) -> At:
        """Where it listens, and its process."""
        return at(self.port, self._process.process)

    def __enter__(self) -> "Returning":
        given = [line.split(": ", 1) for line in self._lines[1:]]
        kind = next(value for name, value in given if name.lower() == "content-type")
        kept = [(name, value) for name, value in given if name.lower() not in _FRAMING]
        self._write(kind, kept)
        with self._process:
            short = size(self._lines) - size(self._told()[0]) - len("\r\nx: ")
        if short > 0:
            kept.append(("x", "-" * short))
            self._write(kind, kept)
        self._process.__enter__()
        lines, body = self._told()
        assert body == self._body
        assert abs(size(lines) - size(self._lines)) <= len("\r\nx: "), (lines, self._lines)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.__exit__()

    def _told(self) -> tuple[list[str], bytes]:
        return whole_answer(self.port, self._asked)

    def _write(self, kind: str, headers: list[tuple[str, str]]) -> None:
        lines = "".join(f" hdr {name} '{value.replace('%', '%%')}'" for name, value in headers)
        text = TEXT.format(
            threads=THREADS, port=self.port, kind=kind, headers=lines,
            file=self._configuration.with_name("body"), buffer=max(_BUFFER, len(self._body) + _BUFFER),
        )  # fmt: skip
        self._configuration.write_text(text, "utf-8")
