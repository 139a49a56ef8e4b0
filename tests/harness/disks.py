"""File systems made for one test."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def tiny_disk(directory: Path, size: str = "256k") -> Iterator[None]:
    """A folder with room for 256 KiB, or as much as is said; skips where it cannot be mounted."""
    directory.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)]
    if os.geteuid() != 0 or not shutil.which("mount") or subprocess.call(command) != 0:
        pytest.skip("only root can mount a small file system")
    try:
        yield
    finally:
        subprocess.check_call(["umount", str(directory)])


def fill_up(filler: Path, size: int) -> None:
    """Write a file in pieces of `size` bytes until its disk takes no more."""
    with pytest.raises(OSError), open(filler, "wb", buffering=0) as file:
        while file.write(b"x" * size):
            pass


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """A folder that nobody can write to meanwhile; skips where it cannot be mounted."""
    bind = ["mount", "--bind", str(directory), str(directory)]
    if os.geteuid() != 0 or not shutil.which("mount") or subprocess.call(bind) != 0:
        pytest.skip("only root can mount a folder")
    try:
        subprocess.check_call(["mount", "-o", "remount,ro,bind", str(directory)])
        yield
    finally:
        subprocess.check_call(["umount", str(directory)])
