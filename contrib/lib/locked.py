"""The lock: versions and hashes of the libraries that ship, and of those that build the wheel.

`contrib/lock` writes it, and everything that is made reads it: the Debian package, the images that
install that package, and the one executable file. Nothing is taken whose hash is not in it.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "contrib" / "libraries"
SERVING = FOLDER / "serving.txt"
"""What the server imports: the wheels for each version of Python and each platform."""
BUILDING = FOLDER / "building.txt"
"""What builds the server's wheel, and ships with nothing."""
PYTHON = "3.11"
"""That of Debian 12, which chooses the versions; the others take the same."""
PYTHONS = (PYTHON, "3.12", "3.13", "3.14")
PLATFORMS = {
    "amd64": ("manylinux2014_x86_64", "manylinux_2_28_x86_64", "manylinux_2_34_x86_64"),
    "arm64": ("manylinux2014_aarch64", "manylinux_2_28_aarch64", "manylinux_2_34_aarch64"),
}
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dataplane" / "wheels"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
BUILDERS = "setuptools>=77"
_PARTS = ("dataplane_core", "dataplane_plugins", "config", "contrib/systemd")
_FILES = ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")


class CannotBuild(Exception):
    """Something cannot be built; the message says what would help."""


def normal(name: str) -> str:
    """Return the name of a distribution as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: Path = SERVING) -> dict[str, str]:
    """Return the locked versions of one of the files, by name."""
    return dict(re.findall(r"(?m)^([\w.-]+)==([^\s\\]+)", file.read_text()))


def requirements() -> list[str]:
    """Return what setup.py says the server needs."""
    text = (TOP / "setup.py").read_text("utf-8").split("RUNTIME = [")[1].split("\n]")[0]
    return re.findall(r'^\s*"([^"]+)"', text, re.M)


def libraries(architecture: str) -> list[Path]:
    """Return the wheels of the package, and fetch those that are not kept from the last time."""
    words = [*platform_words(architecture), "--no-deps"]
    return _fetched(SERVING, CACHE / architecture, words)


def server_wheel(work: Path) -> Path:
    """Build the server's wheel with the locked builders, from a copy of the sources."""
    source, builders = work / "source", work / "builders"
    for name in _PARTS:
        litter = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(TOP / name, source / name, ignore=litter)
    for name in _FILES:
        shutil.copy(TOP / name, source / name)
    for wheel in _fetched(BUILDING, CACHE / "building", ["--no-deps"]):
        unpack(wheel, builders)
    code = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    (work / "wheel").mkdir()
    environ = {**os.environ, "PYTHONPATH": str(builders)}
    run([sys.executable, "-c", code, str(work / "wheel")], cwd=source, env=environ)
    [wheel] = (work / "wheel").glob("*.whl")
    return wheel


def _fetched(lock: Path, folder: Path, words: Sequence[str]) -> list[Path]:
    allowed = set(re.findall(r"sha256:([0-9a-f]{64})", lock.read_text()))
    if len(found := _verified(folder, allowed)) < len(pins(lock)):
        command = [*PIP, "download", "-q", "--require-hashes", "-r", str(lock)]
        run([*command, *words, "-d", str(folder)])
        found = _verified(folder, allowed)
    return found


def _verified(folder: Path, allowed: set[str]) -> list[Path]:
    """Return the wheels of a folder that have one of the digests."""
    return [one for one in sorted(folder.glob("*.whl")) if _digest(one) in allowed]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def platform_words(architecture: str, python: str = PYTHON) -> list[str]:
    """Return pip's options for wheels of another machine than this one."""
    words = [word for one in PLATFORMS[architecture] for word in ("--platform", one)]
    return [*words, "--python-version", python, "--only-binary=:all:"]


def unpack(wheel: Path, site: Path) -> None:
    """Unpack a wheel as pip does, without what an uninstallation by pip would need."""
    with zipfile.ZipFile(wheel) as packed:
        for one in sorted(packed.namelist()):
            folder, _, rest = one.partition("/")
            inside = one
            if folder.endswith(".data"):
                kind, _, inside = rest.partition("/")
                if kind not in ("purelib", "platlib"):
                    continue
            if one.endswith("/") or re.fullmatch(r"[^/]+\.dist-info/(RECORD|direct_url.json)", one):
                continue
            path = site / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed.read(one))
            path.chmod(0o644)


def renew(work: Path) -> list[Path]:
    """Choose all libraries anew, write both files, and return the wheels that ship."""
    amd64 = platform_words("amd64")
    chosen = work / "chosen"
    run([*PIP, "download", "-q", *amd64, "-d", str(chosen), *requirements()])
    serving = sorted({_pin(one) for one in chosen.glob("*.whl")})
    for architecture in PLATFORMS:
        for python in PYTHONS:
            words = [*platform_words(architecture, python), "--no-deps"]
            run([*PIP, "download", "-q", *words, "-d", str(work / "serving"), *serving])
    run([*PIP, "download", "-q", "--only-binary=:all:", "-d", str(work / "building"), BUILDERS])
    FOLDER.mkdir(exist_ok=True)
    for file, folder in ((SERVING, "serving"), (BUILDING, "building")):
        lines = "\n".join(_locked_lines((work / folder).glob("*.whl")))
        file.write_text(f"# Written by contrib/lock.\n{lines}\n")
    return sorted(chosen.glob("*.whl"))


def _pin(wheel: Path) -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{normal(name)}=={version}"


def _locked_lines(wheels: Iterable[Path]) -> Iterator[str]:
    """Yield what pip takes with `--require-hashes`, with the hashes of all wheels of a version."""
    found: dict[str, set[str]] = {}
    for one in wheels:
        found.setdefault(_pin(one), set()).add(_digest(one))
    for pinned, digests in sorted(found.items()):
        yield " \\\n    ".join([pinned, *(f"--hash=sha256:{one}" for one in sorted(digests))])


def run(command: Sequence[str], **more: object) -> None:
    """Run a command; raises `CannotBuild` with what it says."""
    done = subprocess.run(command, capture_output=True, text=True, **more)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise CannotBuild(f"{' '.join(command[:4])} …: {done.stdout}{done.stderr}")
