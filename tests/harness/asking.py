"""Falcon's test client asks servers by a name that they know."""

import falcon.testing


def ask_localhost() -> None:
    """Have each request name localhost, where Falcon would name falconframework.org."""
    for ask in (falcon.testing.create_environ, falcon.testing.simulate_request):
        given = ask.__defaults__ or ()
        ask.__defaults__ = tuple("localhost" if one == "falconframework.org" else one for one in given)
