"""A Debian of its own for a trial: unpacked once, changed in memory, left without a trace.

The trial has its own mounts, processes and network, so that its ports and files are nobody else's.
"""

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SUITE = "bookworm"
PACKAGES = ("adduser", "ca-certificates", "curl", "haproxy", "logrotate", "python3")
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
BASE = _CACHE / "dataplane" / "debian" / SUITE
"""Where the unpacked system stays for the next trial."""
_INTO = """
cd "$1"
shift
mkdir -p mnt/before
pivot_root . mnt/before
umount -l /mnt/before
exec "$@"
"""
"""Makes a folder the root of all mounts: in a chroot the kernel permits no namespaces of users."""
TOP = Path(__file__).resolve().parents[2]
HERE = "/mnt/contrib"
"""Where the trial finds contrib/ of this clone."""


def lacking(base: Path = BASE) -> str:
    """Return why no trial can be made here, "" where it can."""
    if os.geteuid() != 0:
        return "only root can unpack a Debian and go into it"
    for name in ("unshare", "chroot", "mount"):
        if shutil.which(name) is None:
            return f"{name} is not installed here"
    if subprocess.run(["unshare", "-mnp", "-f", "true"], capture_output=True).returncode != 0:
        return "this machine lets nobody make namespaces"
    if not (base / "done").exists() and shutil.which("debootstrap") is None:
        return "debootstrap is not installed here (apt-get install debootstrap)"
    return ""


def make_base(base: Path = BASE) -> Path:
    """Unpack Debian with HAProxy, unless that was done before; return its folder."""
    root = base / "root"
    if not (base / "done").exists():
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir(parents=True)
        include = f"--include={','.join(PACKAGES)}"
        subprocess.run(
            ["debootstrap", "--variant=minbase", include, SUITE, str(root), *_mirror()],
            check=True, stdout=sys.stderr,
        )  # fmt: skip
        subprocess.run(["chroot", str(root), "apt-get", "clean"], check=True)
        (base / "done").touch()
    return root


def _mirror() -> list[str]:
    """Return the mirror that this machine uses; none where debootstrap's own will do."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)"]
    told = subprocess.run(command, capture_output=True, text=True)
    sites = [one for one in told.stdout.split() if one.rstrip("/").endswith("/debian")]
    return sites[:1]


@contextmanager
def system(base: Path = BASE) -> Iterator[Path]:
    """Yield the folder of a system to change, in namespaces of one's own (`enter`)."""
    work = Path(tempfile.mkdtemp(prefix="dataplane-root-"))
    _mount("-t", "tmpfs", "tmpfs", str(work))
    for name in ("upper", "work", "root"):
        (work / name).mkdir()
    root = work / "root"
    layers = f"lowerdir={make_base(base)},upperdir={work / 'upper'},workdir={work / 'work'}"
    _mount("-t", "overlay", "-o", layers, "overlay", str(root))
    _mount("-t", "proc", "proc", str(root / "proc"))
    _mount("--bind", "/dev", str(root / "dev"))
    _mount("-t", "tmpfs", "tmpfs", str(root / "run"))
    (root / HERE[1:]).mkdir(parents=True)
    _mount("--bind", str(TOP / "contrib"), str(root / HERE[1:]))
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    try:
        yield root
    finally:
        _mount_off(work)


def run(root: Path, *words: str, **more: object) -> "subprocess.CompletedProcess[str]":
    """Run a command within the system."""
    environ = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
    }  # fmt: skip
    command = ["unshare", "--mount", "/bin/sh", "-e", "-c", _INTO, "sh", str(root), *words]
    return subprocess.run(command, env=environ, text=True, **more)  # type: ignore[call-overload,no-any-return]


def enter() -> None:
    """Have mounts of one's own."""
    _unshare(0x20000)  # CLONE_NEWNS
    _mount("--make-rprivate", "/")


def leave_network() -> None:
    """Have a network of one's own, in which nobody else is."""
    _unshare(0x40000000)  # CLONE_NEWNET
    with socket.socket() as one:  # the loopback interface is down in a new network: netdevice(7)
        fcntl.ioctl(one, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def _unshare(flags: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def _mount_off(work: Path) -> None:
    subprocess.run(["umount", "-R", "-l", str(work)], check=False)
    shutil.rmtree(work, ignore_errors=True)


def in_namespaces(words: Sequence[str]) -> int:
    """Run a command whose children all end with it; return its status."""
    command = ["unshare", "--pid", "--fork", "--kill-child", *words]
    return subprocess.run(command, check=False).returncode
