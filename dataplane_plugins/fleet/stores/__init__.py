"""The key-value stores that can hold a fleet, etcd and Consul, behind one protocol."""

from dataplane_plugins.fleet.stores.address import StoreAddress, UnusableStore
from dataplane_plugins.fleet.stores.protocol import (
    ABSENT,
    Condition,
    Credentials,
    Entry,
    Hold,
    KeyValueStore,
    Listing,
    StoreError,
    StoreRefused,
    StoreUnreachable,
    Undecided,
    check_key,
)

__all__ = [
    "ABSENT", "Condition", "Credentials", "Entry", "Hold", "KeyValueStore", "Listing",
    "StoreAddress", "StoreError", "StoreRefused", "StoreUnreachable", "Undecided", "UnusableStore",
    "check_key", "open_store",
]  # fmt: skip


NOBODY = Credentials()


def open_store(url: str, credentials: Credentials = NOBODY) -> KeyValueStore:
    """Return the store of an address; nothing is asked yet. Raises `UnusableStore`.

    Known are `etcd://host:2379,host2:2379/prefix` and `consul://host:8500/prefix`, and `etcds` and
    `consuls` over TLS.
    """
    address = StoreAddress.parse(url)
    raise UnusableStore(f"{address.kind} is not known yet")
