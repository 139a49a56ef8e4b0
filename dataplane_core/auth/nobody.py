"""Whether anybody at all may log in: a server that refuses everyone looks like a broken one."""

from dataplane_core.auth.authenticator import Authenticator
from dataplane_core.errors import DataplaneError
from dataplane_core.haproxy.configuration import read_configuration
from dataplane_core.settings import Settings

NOBODY = "nobody may use the API: {where} has no userlist {name} with users"
NOBODY_REMEDY = (
    "Add a user, to that userlist or to the settings under dataplaneapi: "
    "`dataplane passwd NAME` prints the lines."
)


def asks_for_passwords(settings: Settings) -> bool:
    """Whether a listener wants a user and a password: not the TLS one with client certificates."""
    server = settings.dataplaneapi
    return not (server.tls.tls_ca and server.scheme == ("https",))


def nobody_may_log_in(settings: Settings) -> str:
    """Return a sentence with the remedy where there is no user, else "".

    Nothing is said of a file of users that cannot be read: it may be there later.
    """
    if not asks_for_passwords(settings):
        return ""
    userlist = settings.dataplaneapi.userlist
    where = userlist.userlist_file or settings.haproxy.config_file
    try:
        accounts = Authenticator(settings, lambda: read_configuration(where)).accounts()
    except (OSError, DataplaneError):
        return ""
    if accounts:
        return ""
    return f"{NOBODY.format(where=where, name=userlist.userlist)}. {NOBODY_REMEDY}"
