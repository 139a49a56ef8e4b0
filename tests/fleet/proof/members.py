"""Members of a fleet as processes: the whole code of a node but HTTP, over a HAProxy that is a shell script.

They are forked from the process that tries them, which has imported everything: a hundred of them start in
seconds. Each is asked over a pipe, a line of JSON each way.
"""

import hashlib
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dataplane_core.plugin import Author, ChangeOptions, DataplaneError
from dataplane_core.settings import Settings
from dataplane_core.text import Document
from dataplane_core.wiring import make_services
from dataplane_plugins.fleet.reporting import FACT
from tests.api.support import SERVICE

PLUGINS = (
    *SERVICE, "configuration.global_", "configuration.defaults", "configuration.backends", "configuration.servers",
    "fleet.membership",
)  # fmt: skip
RELOAD = """#!/bin/sh
sed 1d "$1/haproxy.cfg" | sha256sum >> "$1/loaded"
"""
CHECK = """#!/bin/sh
! grep -q "$(cat "$1/unknown")" "$DATAPLANEAPI_TRANSACTION_FILE"
"""
UNKNOWN = "no-such-word"


class Gone(Exception):
    """A member does not answer: it was killed, or is stopped."""


class Channel:
    """A pair of pipes: questions one after the other, by whoever has it."""

    def __init__(self, name: str, to: int, answers: int) -> None:
        self._name, self._to, self._answers = name, to, answers
        self._left = b""
        self._late = 0
        self._lock = threading.Lock()

    def ask(self, question: dict[str, Any], seconds: float = 15.0) -> dict[str, Any]:
        with self._lock:
            return self._ask(question, time.monotonic() + seconds)

    def _ask(self, question: dict[str, Any], end: float) -> dict[str, Any]:
        try:
            os.write(self._to, json.dumps(question).encode() + b"\n")
        except OSError:
            raise Gone(self._name) from None
        self._late += 1
        while True:
            while b"\n" in self._left:
                answer, _, self._left = self._left.partition(b"\n")
                self._late -= 1
                if not self._late:  # others answer what nobody waited for
                    return dict(json.loads(answer))
            try:
                ready, _, _ = select.select([self._answers], [], [], max(0.0, end - time.monotonic()))
                data = os.read(self._answers, 1 << 16) if ready else b""
            except (OSError, ValueError):
                data = b""
            if not data:
                raise Gone(self._name)
            self._left += data

    def close(self) -> None:
        with self._lock:
            os.close(self._to)
            os.close(self._answers)


class Member:
    """A member, as the process that tries the fleet knows it."""

    def __init__(self, folder: Path, name: str, store: str, key_file: Path, text: str) -> None:
        self.name, self.folder, self.store, self.key_file = name, folder / name, store, key_file
        self.folder.mkdir()
        self.file = self.folder / "haproxy.cfg"
        self.file.write_text(text)
        (self.folder / "loaded").touch()
        (self.folder / "unknown").write_text(UNKNOWN)
        for script, what in (("reload", RELOAD), ("check", CHECK)):
            (self.folder / script).write_text(what)
            (self.folder / script).chmod(0o755)
        self.pid = 0
        self.channels: list[Channel] = []

    def start(self, group: str = "", channels: int = 1) -> None:
        """Fork the member; it can be asked over so many channels at the same time."""
        pipes = [(os.pipe(), os.pipe()) for _ in range(channels)]
        self.pid = os.fork()
        if self.pid:
            self.channels = [Channel(self.name, to, answers) for (_, to), (answers, _) in pipes]
            for (there, _), (_, back) in pipes:
                os.close(there)
                os.close(back)
            return
        kept = {end for (there, _), (_, back) in pipes for end in (there, back)}
        status = 1
        try:
            os.setsid()
            log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            for number in range(3, 4096):
                if number not in kept:
                    with suppress(OSError):
                        os.close(number)
            serve(self._settings(group), [(there, back) for (there, _), (_, back) in pipes])
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def ask(self, what: str, channel: int = 0, **arguments: Any) -> dict[str, Any]:
        """Return the answer to a question; raises `Gone`."""
        if channel >= len(self.channels):
            raise Gone(self.name)
        return self.channels[channel].ask({"do": what, **arguments})

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the member as a power cut would."""
        if self.pid:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = 0
            channels, self.channels = self.channels, []
            for one in channels:
                one.close()

    def loaded(self) -> list[str]:
        """The digests of all texts that its HAProxy was loaded with."""
        return [line.partition(" ")[0] for line in (self.folder / "loaded").read_text().splitlines()]

    def _settings(self, group: str) -> Settings:
        here = str(self.folder)
        values: dict[str, Any] = {
            "haproxy.config_file": str(self.file), "haproxy.reload.reload_delay": 0.0,
            "haproxy.reload.validate_cmd": f"{here}/check {here}",
            "haproxy.reload.reload_cmd": f"{here}/reload {here}",
            "haproxy.reload.restart_cmd": f"{here}/reload {here}", "dataplane.state_dir": f"{here}/state",
            "haproxy.reload.reload_grace": 0.0, "fleet.store": self.store, "fleet.node": self.name, "fleet.group": group,
            "fleet.key_file": str(self.key_file), "dataplaneapi.disable_inotify": True,
            **{f"dataplaneapi.resources.{one}": f"{here}/{one}" for one in
               ("maps_dir", "ssl_certs_dir", "general_storage_dir", "spoe_dir")},
        }  # fmt: skip
        return Settings.default().replace(**values)


def serve(settings: Settings, channels: Sequence[tuple[int, int]]) -> None:
    """Be a member: what it is asked it does, until nobody asks any more."""
    services = make_services(settings, PLUGINS)
    services.recover()
    services.start()

    def listen(questions: int, answers: int) -> None:
        with os.fdopen(questions) as lines, os.fdopen(answers, "w") as out:
            for line in lines:
                out.write(json.dumps(answered(services, json.loads(line))) + "\n")
                out.flush()

    threads = [threading.Thread(target=listen, args=pair) for pair in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    services.stop()


def answered(services: Any, question: dict[str, Any]) -> dict[str, Any]:
    what = question["do"]
    try:
        if what == "read":
            snapshot = services.config.snapshot()
            return {"version": snapshot.version, "text": snapshot.document.text()}
        if what == "status":
            return dict(json.loads(services.state.value(FACT) or "{}"))
        if what == "write":
            options = ChangeOptions(rebase=question.get("rebase", False))
            with services.config.edit(
                version=question["version"], author=Author(name=question["who"]), options=options
            ) as edit:
                edit.document = changed(edit.document, question["old"], question["new"])
            return {"version": edit.outcome.version}
    except DataplaneError as error:
        return {"status": error.status, "message": error.message}
    raise ValueError(what)


def changed(document: Document, old: str, new: str) -> Document:
    text = document.text()
    return Document.parse(text.replace(old, new), document.language, document)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
