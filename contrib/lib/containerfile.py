"""Carry out the steps of a container file in an unpacked system, as far as these files need it.

Known are FROM, COPY, RUN, ENV, USER, VOLUME, EXPOSE, HEALTHCHECK, ENTRYPOINT and CMD.
"""

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Image:
    """What the steps lead to: a system, and how a container of it is started."""

    root: Path
    base: str = ""
    user: str = "0:0"
    environ: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    def words(self, command: Sequence[str]) -> list[str]:
        """Return a command as it runs in a container: as the user, without any right of root."""
        uid, gid = self.user.split(":")
        options = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--bounding-set=-all"]
        become = ["setpriv", *options, "--no-new-privs", "--"] if uid != "0" else []
        return ["chroot", str(self.root), *become, *command]

    def start(self, **more: object) -> "subprocess.Popen[bytes]":
        """Start what a container starts."""
        command = self.words([*self.entrypoint, *self.command])
        return subprocess.Popen(command, env=self.environ, **more)  # type: ignore[call-overload,no-any-return]

    def is_healthy(self) -> bool:
        """Run the health check."""
        command = self.words(self.health)
        return subprocess.run(command, env=self.environ, capture_output=True).returncode == 0


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction with its arguments, lines that go on joined."""
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[:1] != "#"]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.strip().partition(" ")
        yield name.upper(), rest.strip()


def carry_out(file: Path, context: Path, root: Path) -> Image:
    """Take all steps of a file, with what COPY names in the folder `context`."""
    image = Image(root)
    for name, rest in steps(file.read_text()):
        _STEPS[name](image, rest, context)
    return image


def _from(image: Image, rest: str, context: Path) -> None:
    image.base = rest


def _run(image: Image, rest: str, context: Path) -> None:
    environ = {**image.environ, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
    command = ["chroot", str(image.root), "/bin/sh", "-c", rest]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"RUN {rest}: {done.returncode}\n{done.stdout}{done.stderr}")


def _copy(image: Image, rest: str, context: Path) -> None:
    words = shlex.split(rest)
    options = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
    *sources, target = [word for word in words if not word.startswith("--")]
    found = [path for source in sources for path in sorted(context.glob(source))]
    if not found:
        raise AssertionError(f"COPY {rest}: nothing is there")
    for path in found:
        into = image.root / target.lstrip("/")
        place = into / path.name if target.endswith("/") else into
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        place.chmod(int(options.get("chmod", "0644"), 8))
        uid, gid = map(int, options.get("chown", "0:0").split(":"))
        shutil.chown(place, uid, gid)


def _env(image: Image, rest: str, context: Path) -> None:
    image.environ |= dict(word.split("=", 1) for word in shlex.split(rest))


def _health(image: Image, rest: str, context: Path) -> None:
    image.health = json.loads(rest.partition("CMD ")[2])


def _set(name: str) -> object:
    def step(image: Image, rest: str, context: Path) -> None:
        setattr(image, name, json.loads(rest) if rest[:1] == "[" else rest)

    return step


_STEPS = {
    "FROM": _from, "RUN": _run, "COPY": _copy, "ENV": _env, "HEALTHCHECK": _health,
    "USER": _set("user"), "ENTRYPOINT": _set("entrypoint"), "CMD": _set("command"),
    "VOLUME": _set("volumes"), "EXPOSE": lambda *_: None,
}  # fmt: skip
