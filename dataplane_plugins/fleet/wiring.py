"""Put together what makes a process a part of a member of a fleet."""

import threading
from collections.abc import Callable, Iterator
from functools import cache

from dataplane_core.plugin import Services, Settings, StorageFailed, locked
from dataplane_plugins.fleet.members.member import Member, read_key_file
from dataplane_plugins.fleet.sharing.sharer import Sharer
from dataplane_plugins.fleet.stores import KeyValueStore, StoreAddress, UnusableStore


def faults(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the keys of settings that cannot be used, and why."""
    try:
        StoreAddress.parse(settings.fleet.store)
    except UnusableStore as error:
        yield "store", str(error)
    try:
        read_key_file(settings.fleet.key_file)
    except (ValueError, StorageFailed) as error:
        yield "key_file", str(error)


def share(services: Services, store: KeyValueStore | None = None) -> tuple[Member, Sharer]:
    """Have what this process changes become a revision of the fleet before it is in force here."""
    member = Member(services, store)
    with locked(services.state.path("fleet-key.lock")):  # the first process makes the key
        assert member.signer
    sharer = Sharer(member)
    services.config.sharing.version = sharer.version
    services.config.sharing.file = sharer.file
    services.config.sharing.files = sharer.files

    @cache
    def catch_up() -> Callable[[], None]:
        from dataplane_plugins.fleet.following.catching_up import CatchUp

        return CatchUp(member, sharer)

    services.config.sharing.catch_up = lambda: catch_up()()
    return member, sharer


def join(services: Services) -> None:
    """Share the changes that this process makes, and follow those of others in one of all."""
    member, sharer = share(services)

    def follow(stop: threading.Event) -> None:
        from dataplane_plugins.fleet.following.follower import Follower

        Follower(member, sharer).run(stop)

    def lead(stop: threading.Event) -> None:
        from dataplane_plugins.fleet.rollouts.leading import Leader

        Leader(member).run(stop)

    services.lead("fleet", follow)
    services.lead("fleet-leader", lead)
