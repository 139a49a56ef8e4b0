"""A Runtime API that answers what a test tells it to."""

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from dataplane_core.haproxy.kept import QUESTION


class FakeRuntime:
    """A Unix socket that takes commands as HAProxy's Runtime API does, in a thread of its own.

    `replies` maps the beginning of a command to its answer, the longest that fits is taken; what
    fits none is an unknown command. `commands` lists what came, in order, without what serves to
    keep a connection (`connections` counts these). With `delay` an answer comes that many seconds
    late, with `hangs` never.

        with FakeRuntime(tmp_path / "haproxy.sock", {"set server": ""}) as runtime:
            ...
            assert runtime.commands == ["set server be/s1 weight 5"]
    """

    def __init__(
        self,
        path: Path | str,
        replies: Mapping[str, str] | None = None,
        *,
        delay: float = 0.0,
        hangs: bool = False,
    ) -> None:
        self.path = Path(path)
        self.replies = dict(replies or {})
        self.delay = delay
        self.hangs = hangs
        self.commands: list[str] = []
        self.connections = 0
        self._stop = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        with suppress(FileNotFoundError):
            self.path.unlink()
        self._listener.bind(str(self.path))
        self._listener.listen(16)
        self._listener.settimeout(0.05)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()
        with suppress(FileNotFoundError):
            self.path.unlink()

    def answer(self, command: str) -> str:
        """Return the answer to a command; override this where a mapping does not suffice."""
        fitting = [start for start in self.replies if command.startswith(start)]
        if not fitting:
            return "Unknown command: '" + command + "'.\n"
        return self.replies[max(fitting, key=len)]

    def state(self) -> str:
        """Return what the process says of itself behind an answer, on a connection that is kept."""
        return "Name: HAProxy\nPid: 1\nStopping: 0\n"

    def _serve(self) -> None:
        kept = []
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            kept.append(connection)  # one that hangs is not closed before the end
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()
        for connection in kept:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # a thread may read from it
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        self.connections += 1
        with suppress(OSError), connection.makefile("r", encoding="utf-8", newline="\n") as lines:
            prompt = ""
            for line in lines:
                command = line.rstrip("\n")
                if command == "prompt":
                    prompt = "> "
                answer = self._answer(command)
                ended = f"{answer}\n" if answer and answer[-1] != "\n" else answer
                connection.sendall(f"{ended}\n{prompt}".encode())
                if not prompt:
                    break
            connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, command: str) -> str:
        """Return an answer, when its time has come."""
        if command == "prompt" or command.startswith("set timeout cli"):
            return ""
        if command == QUESTION.decode():
            return self.state()
        self.commands.append(command)
        time.sleep(self.delay)
        if self.hangs:
            self._stop.wait()
        return self.answer(command)
