"""Give a file the rights of another: mode, owner, and extended attributes.

Access lists (ACLs), SELinux labels and whatever else administrators attach to a file are extended
attributes (xattr(7)). A file that takes the place of another has the same ones.
"""

import errno
import logging
import os
import stat
from collections.abc import Iterable
from contextlib import suppress

_log = logging.getLogger(__name__)
_OF_CONTENT = ("security.ima", "security.evm")
"""Attributes that sign the bytes of a file, and are wrong for other bytes."""
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_WITHOUT = {errno.ENOTSUP, errno.ENOSYS}
_said: set[str] = set()


def copy_rights(handle: int, name: str, folder: int) -> bool:
    """Give an open file the mode, the owner and the attributes of another; False without another.

    The other is named in the open `folder`, where a link is no file of that name. What this process
    may not set stays as the system has made it: an attribute with a line in the log, an owner
    silently. Of a file that this process may not read, attributes are not kept.
    """
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(status.st_mode):
        return False
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            os.fchown(handle, -1, status.st_gid)
        with suppress(PermissionError):
            os.fchown(handle, status.st_uid, -1)
    os.fchmod(handle, stat.S_IMODE(status.st_mode))
    with suppress(OSError):
        other = os.open(name, _FLAGS, dir_fd=folder)
        try:
            _copy_attributes(handle, other)
        finally:
            os.close(other)
    return True


def _copy_attributes(handle: int, like: int) -> None:
    """Make the extended attributes of a file those of another; after the mode, which ACLs hold."""
    try:
        names, own = os.listxattr(like), os.listxattr(handle)
        if not names and not own:
            return
        wanted, present = _attributes(like, names), _attributes(handle, own)
    except OSError as error:
        if error.errno not in _WITHOUT:
            _tell("all", error)
        return
    for name in present.keys() - wanted.keys():  # by the folder's default ACL, as a rule
        with suppress(OSError):
            os.removexattr(handle, name)
    for name, value in wanted.items():
        if present.get(name) == value:
            continue
        try:
            os.setxattr(handle, name, value)
        except OSError as error:
            _tell(name, error)


def _attributes(handle: int, names: Iterable[str]) -> dict[str, bytes]:
    found = {}
    for name in names:
        if name not in _OF_CONTENT:
            with suppress(OSError):  # it is gone, or not for this process to read
                found[name] = os.getxattr(handle, name)
    return found


def _tell(name: str, error: OSError) -> None:
    """Log an attribute that cannot be kept, once in the life of a process."""
    if name not in _said:
        _said.add(name)
        _log.warning("the attribute %s of replaced files is not kept: %s", name, error.strerror)
