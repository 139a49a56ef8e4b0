"""Addresses of stores, and what is said of one that is none."""

import pytest

from dataplane_plugins.fleet.stores import (
    Credentials,
    StoreAddress,
    UnusableStore,
    check_key,
    open_store,
)

ADDRESSES = [
    ("etcd://one", ("etcd", False, (("one", 2379),), "dataplane")),
    ("etcd://one:1,two:2,[::1]:3/a/b/", ("etcd", False, (("one", 1), ("two", 2), ("[::1]", 3)), "a/b")),
    ("etcds://one/x", ("etcd", True, (("one", 2379),), "x")),
    ("consul://10.0.0.1/fleet", ("consul", False, (("10.0.0.1", 8500),), "fleet")),
    ("consuls://one:99/", ("consul", True, (("one", 99),), "dataplane")),
    ("consuls://one", ("consul", True, (("one", 8501),), "dataplane")),
]
UNUSABLE = ["", "etcd", "etcd:one", "redis://one", "etcd://", "etcd://one:0", "etcd://one:65536", "etcd://a,,b",
            "etcd://a b", "etcd://one/a?b", "etcd://one/a//b", "etcd://one/../b", "ETCD://one"]  # fmt: skip


@pytest.mark.parametrize(("url", "parts"), ADDRESSES)
def test_an_address_is_read(url, parts):
    read = StoreAddress.parse(url)
    assert (read.kind, read.tls, read.members, read.prefix) == parts


@pytest.mark.parametrize("url", UNUSABLE)
def test_what_is_no_address_is_told(url):
    with pytest.raises(UnusableStore):
        open_store(url)


def test_no_password_stands_in_an_address_or_in_what_is_said_of_it():
    for url in ("etcd://root:hidden@one/x", "etcd://root:hid/hidden@one"):
        with pytest.raises(UnusableStore, match="stand beside its address, not in it") as told:
            open_store(url)
        assert "hid" not in str(told.value)
    assert "hidden" not in repr(Credentials(user="root", password="hidden", token="hidden"))


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "a/./b", "../a", "a\n", "a\0b", "ä" * 201])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(ValueError, match="is no key"):
        check_key(key)


def test_keys_may_have_any_printable_words():
    assert check_key("status/Größe ü?#%2F&=日本") == "status/Größe ü?#%2F&=日本"
