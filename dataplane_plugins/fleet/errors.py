"""Why a member of a fleet refuses a change."""

from dataplane_core.plugin import DataplaneError


class FleetUnavailable(DataplaneError):
    """The store cannot be reached, or does not take what it is given: nothing is changed."""

    status = 503


class FleetUnsure(DataplaneError):
    """The store did not answer: whether the change is the fleet's is found out later."""

    status = 503
