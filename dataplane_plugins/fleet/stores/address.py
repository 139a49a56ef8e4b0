"""Addresses of stores: `etcd://host:2379,host2:2379/prefix`."""

import re

from dataplane_core.plugin import dataclass
from dataplane_plugins.fleet.stores.protocol import check_key

PORTS = {"etcd": 2379, "consul": 8500}
TLS_PORTS = {"etcd": 2379, "consul": 8501}
DEFAULT_PREFIX = "dataplane"
_FORM = re.compile(r"(etcd|consul)(s?)://([^/?#]+)(?:/([^?#]*))?")
_MEMBER = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9_.-]+)(?::([0-9]{1,5}))?")


class UnusableStore(ValueError):
    """An address that names no store, or one whose library is not installed; says what would."""


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a store is: its members as `host:port`, and the prefix that all keys are below."""

    kind: str
    tls: bool
    members: tuple[tuple[str, int], ...]
    prefix: str

    @classmethod
    def parse(cls, url: str) -> "StoreAddress":
        """Read an address; raises `UnusableStore`, without naming what may be a secret in it."""
        if "@" in url:
            raise UnusableStore("user and password of a store stand beside its address, not in it")
        match = _FORM.fullmatch(url)
        if match is None:
            raise UnusableStore(
                "the address of a store is etcd://host:port,host:port/prefix or "
                "consul://host:port/prefix, with etcds and consuls for TLS"
            )
        kind, secure, hosts, path = match.groups()
        ports = TLS_PORTS if secure else PORTS
        members = tuple(_member(word, ports[kind]) for word in hosts.split(","))
        prefix = (path or "").strip("/") or DEFAULT_PREFIX
        try:
            return cls(kind, bool(secure), members, check_key(prefix))
        except ValueError as error:
            raise UnusableStore(f"the prefix of the store: {error}") from None

    @property
    def scheme(self) -> str:
        """Return the scheme of the members' URLs."""
        return "https" if self.tls else "http"


def _member(word: str, port: int) -> tuple[str, int]:
    match = _MEMBER.fullmatch(word)
    number = int(match[2] or port) if match else 0
    if match is None or not 0 < number < 65536:
        raise UnusableStore(f"{word!r} in the address of a store is no host:port")
    return match[1], number
