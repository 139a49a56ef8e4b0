"""What an administrator attaches to a file stays when the file is replaced."""

import os
import stat
import struct

import pytest

from dataplane_core.store import rights
from dataplane_core.store.candidate import write_atomically

NOBODY = 0xFFFFFFFF
LABEL = b"system_u:object_r:haproxy_etc_t:s0\0"


def access_list(*entries: tuple[int, int, int]) -> bytes:
    """An ACL as the kernel keeps it: tag, permissions and id of each entry (acl(5))."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in entries)


ACL = access_list((1, 6, NOBODY), (2, 4, 1234), (4, 4, NOBODY), (0x10, 4, NOBODY), (0x20, 0, NOBODY))


def attributes(path):
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


@pytest.fixture
def target(tmp_path):
    found = tmp_path / "a.cfg"
    found.write_bytes(b"one")
    found.chmod(0o640)
    try:
        os.setxattr(found, "user.origin", b"by hand")
        os.setxattr(found, "system.posix_acl_access", ACL)
    except OSError:
        pytest.skip("this file system has no extended attributes")
    return found


def test_attributes_and_access_lists_stay(target):
    before = attributes(target), stat.S_IMODE(target.stat().st_mode)
    write_atomically(target, b"two")
    assert target.read_bytes() == b"two"
    assert (attributes(target), stat.S_IMODE(target.stat().st_mode)) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives labels")
def test_a_label_of_selinux_stays(target):
    os.setxattr(target, "security.selinux", LABEL)
    write_atomically(target, b"two")
    assert os.getxattr(target, "security.selinux") == LABEL


def test_the_folders_default_list_gives_nobody_more_than_the_file_gave(target):
    os.removexattr(target, "system.posix_acl_access")
    target.chmod(0o640)
    os.setxattr(target.parent, "system.posix_acl_default", ACL)
    write_atomically(target, b"two")
    assert attributes(target) == {"user.origin": b"by hand"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_an_attribute_that_cannot_be_kept_is_said_once(target, monkeypatch, caplog):
    monkeypatch.setattr(rights, "_said", set())

    def refused(*given):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setxattr", refused)
    for text in (b"two", b"three"):
        write_atomically(target, text)
        assert target.read_bytes() == text
    said = [one.getMessage() for one in caplog.records]
    assert sorted(said) == [
        "the attribute system.posix_acl_access of replaced files is not kept: Operation not permitted",
        "the attribute user.origin of replaced files is not kept: Operation not permitted",
    ]
