"""The key-value stores that can hold a fleet, etcd and Consul, behind one protocol."""

from dataplane_plugins.fleet.stores.address import StoreAddress, UnusableStore
from dataplane_plugins.fleet.stores.protocol import (
    ABSENT,
    Condition,
    Credentials,
    Entry,
    Glance,
    Hold,
    KeyValueStore,
    Listing,
    StoreError,
    StoreRefused,
    StoreUnreachable,
    Undecided,
    check_key,
    check_transaction,
    read_in_turn,
)

__all__ = [
    "ABSENT", "Condition", "Credentials", "Entry", "Glance", "Hold", "KeyValueStore", "Listing",
    "StoreAddress", "StoreError", "StoreRefused", "StoreUnreachable", "Undecided", "UnusableStore",
    "check_key", "check_transaction", "open_store", "read_in_turn",
]  # fmt: skip


NOBODY = Credentials()


def open_store(url: str, credentials: Credentials = NOBODY) -> KeyValueStore:
    """Return the store of an address; nothing is asked yet. Raises `UnusableStore`.

    Known are `etcd://host:2379,host2:2379/prefix` and `consul://host:8500/prefix`, and `etcds` and
    `consuls` over TLS.
    """
    address = StoreAddress.parse(url)
    if not (credentials.token.isascii() and credentials.token.isprintable()):
        raise UnusableStore("the token of the store has characters that no token has")
    try:
        if address.kind == "etcd":
            from dataplane_plugins.fleet.stores.etcd import EtcdStore

            return EtcdStore(address, credentials)
        from dataplane_plugins.fleet.stores.consul import ConsulStore

        return ConsulStore(address, credentials)
    except ModuleNotFoundError as error:
        missing = f"{address.kind} as a store needs the package {error.name}"
        raise UnusableStore(f"{missing}, which the extra `fleet` brings") from None
