"""Why a member of a fleet refuses a change."""

from collections.abc import Iterator
from contextlib import contextmanager

from dataplane_core.plugin import Conflict, DataplaneError
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.stores import StoreError


class FleetUnavailable(DataplaneError):
    """The store cannot be reached, or does not take what it is given: nothing is changed."""

    status = 503


class FleetUnsure(DataplaneError):
    """The store did not answer: whether the change is the fleet's is found out later."""

    status = 503


class Behind(Conflict):
    """What a change follows on has not come to this member yet: it is about to take it."""

    retry_after = 1


class RollingOut(Conflict):
    """Members wait for the version before: what follows on it has to wait, too."""

    retry_after = 5


class Overtaken(DataplaneError):
    """What this server was about to take is not what it is to have any more: it takes nothing."""

    status = 409


class NotLoaded(DataplaneError):
    """HAProxy of this server does not run, and has not loaded what is in the file."""

    status = 503


@contextmanager
def told() -> Iterator[None]:
    """Tell a client in its own words why the store did not do its part."""
    try:
        yield
    except StoreError as error:
        text = f"the store of the fleet: {error.reason}; nothing is changed"
        raise FleetUnavailable(text) from None
    except Forged as error:
        raise FleetUnavailable(f"a stranger has changed the store of the fleet: {error}") from None
