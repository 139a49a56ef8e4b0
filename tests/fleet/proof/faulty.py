"""What can be wrong with one member of a fleet while something is rolled out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from dataplane_core.haproxy.binaries import installed
from tests.fleet.proof.servers import CONFIGURATION, NAMES, TIMEOUT, Fleet
from tests.harness.disks import fill_up, tiny_disk

WORDS = {("2.6", "2.8"): "shard 1", ("2.8", "3.2"): "guid new"}
"""Words of a server, by a version of HAProxy that does not know them, and one that does."""


class Fault:
    """What is wrong with one member: before the start, when it has begun, and how it ends."""

    words = ""
    """What the change has in addition."""
    said = ""
    """What the roll-out has to say of it."""
    takes_later = False
    """Whether the member takes it by itself once the fault is over."""

    def prepare(self, fleet: Fleet, name: str, stack: ExitStack) -> None:
        pass

    def begin(self, fleet: Fleet, name: str) -> None:
        pass

    def end(self, fleet: Fleet, name: str) -> None:
        pass

    def wrong(self, fleet: Fleet, name: str, policy: str) -> Iterator[str]:
        """Yield what else is wrong, while the fault goes on."""
        yield from ()


class Unloaded(Fault):
    said = "{name}: HAProxy could not be reloaded: exit status 1; cannot bind"

    def prepare(self, fleet: Fleet, name: str, stack: ExitStack) -> None:
        script = fleet.folder / "reload"
        script.write_text(f'#!/bin/sh\n! grep -q "server new" {fleet.files[name]} || {{ echo cannot bind; exit 1; }}\n')
        script.chmod(0o755)
        fleet.own[name] = {"haproxy.reload.reload_cmd": str(script), "haproxy.reload.restart_cmd": str(script)}
        self._script = script

    def end(self, fleet: Fleet, name: str) -> None:
        self._script.write_text("#!/bin/sh\n")


class Older(Fault):
    def __init__(self, older: str, newer: str) -> None:
        self._programs, self._older, self._newer = installed(), older, newer
        self.words = WORDS[older, newer]
        self.said = f"'server be/new' : unknown keyword '{self.words.split()[0]}'"

    def prepare(self, fleet: Fleet, name: str, stack: ExitStack) -> None:
        for one in NAMES:
            version = self._older if one == name else self._newer
            fleet.own[one] = {"haproxy.haproxy_bin": str(self._programs[version]), "haproxy.reload.validate_cmd": ""}

    def wrong(self, fleet: Fleet, name: str, policy: str) -> Iterator[str]:
        if policy == "rollback":
            return
        node = fleet.nodes()[name]
        found = [one for one in node.get("findings", ()) if one.get("resource") == f"{CONFIGURATION}/backends/be/servers/new"]
        if not found or found[0]["section"] != "backend be" or not found[0]["line"] or self.said not in found[0]["message"]:
            yield f"{name} does not say where: {node}"
        if node.get("haproxy") != self._older:
            yield f"{name} does not say which HAProxy it has: {node}"


class FullDisk(Fault):
    said = f"{{name}} took longer than {TIMEOUT} s ({{name}}: "
    takes_later = True

    def prepare(self, fleet: Fleet, name: str, stack: ExitStack) -> None:
        folder = fleet.folder / name
        stack.enter_context(tiny_disk(folder))

    def begin(self, fleet: Fleet, name: str) -> None:
        self._before = fleet.files[name].read_bytes()
        fill_up(fleet.folder / name / "filler", 512)

    def wrong(self, fleet: Fleet, name: str, policy: str) -> Iterator[str]:
        if fleet.files[name].read_bytes() != self._before:
            yield f"the file of {name} is another one"
        if "No space left on device" not in str(fleet.rollout()["log"]):
            yield f"why {name} is late is not told: {fleet.rollout()['log']}"

    def end(self, fleet: Fleet, name: str) -> None:
        (fleet.folder / name / "filler").unlink()


class Slow(Fault):
    said = f"{{name}} took longer than {TIMEOUT} s"
    takes_later = True

    def prepare(self, fleet: Fleet, name: str, stack: ExitStack) -> None:
        script, self._go = fleet.folder / "check", fleet.folder / "go"
        script.write_text(
            f'#!/bin/sh\ngrep -q "server new" "$DATAPLANEAPI_TRANSACTION_FILE" || exit 0\n'
            f"while [ ! -e {self._go} ]; do sleep 0.05; done\n"
        )
        script.chmod(0o755)
        fleet.own[name] = {"haproxy.reload.validate_cmd": str(script), "dataplane.check_timeout": 120}

    def end(self, fleet: Fleet, name: str) -> None:
        self._go.touch()


class CutOff(Fault):
    said = f"{{name}} took longer than {TIMEOUT} s"
    takes_later = True

    def prepare(self, fleet: Fleet, name: str, stack: ExitStack) -> None:
        fleet.proxied = name

    def begin(self, fleet: Fleet, name: str) -> None:
        assert fleet.proxy is not None
        fleet.proxy.mode = "silent"

    def end(self, fleet: Fleet, name: str) -> None:
        assert fleet.proxy is not None
        fleet.proxy.mode = ""
        fleet.proxy.cut()


def faults() -> dict[str, Callable[[], Fault]]:
    """The faults that can be tried with what is on this machine."""
    there = installed()
    found: dict[str, Callable[[], Fault]] = {
        "not reloaded": Unloaded, "full disk": FullDisk, "slow check": Slow, "store cut off": CutOff,
    }  # fmt: skip
    for older, newer in WORDS:
        if older in there and newer in there:
            found[f"HAProxy {older} among {newer}"] = lambda pair=(older, newer): Older(*pair)  # type: ignore[misc]
    return found
