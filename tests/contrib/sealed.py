"""Run a command where nothing but one folder may be written to, and no network is but the loopback.

For a process in namespaces of its own (`unshare -rmn`): `python sealed.py FOLDER COMMAND…`. All file
systems become read-only but those of the kernel itself; what is written elsewhere fails. The variable
SEALED_HIDE names folders, with colons between, that are empty for the command.
"""

import fcntl
import os
import re
import socket
import struct
import subprocess
import sys

KERNELS = ("/proc", "/sys", "/dev")
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1  # netdevice(7)


def read_only(folder: str) -> None:
    """Make each mount read-only, but one at the folder."""
    mount("--make-rprivate", "/")
    mount("--bind", folder, folder)
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        places = [line.split()[4].encode().decode("unicode_escape") for line in mounts]
    for place in sorted(set(places), key=len):
        if place != folder and not re.match(rf"({'|'.join(KERNELS)})(/|$)", place):
            mount("-o", "remount,bind,ro", place)


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def loopback() -> None:
    """Bring the loopback up, which is down in a new namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(asked, _GET_FLAGS, request))[1]
        fcntl.ioctl(asked, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))


if __name__ == "__main__":
    read_only(sys.argv[1])
    loopback()
    os.chdir("/")
    for hidden in filter(None, os.environ.pop("SEALED_HIDE", "").split(":")):
        mount("-t", "tmpfs", "-o", "ro", "none", hidden)  # the last step: this Python may be there
    os.execvp(sys.argv[2], sys.argv[2:])
