"""Judge where a request of a browser comes from: changes from other sites, and unknown hosts.

A browser sends with each request what it knows of a user, whichever page has it made: a cookie, a
password that was typed once, a client certificate. It says which page that was in `Origin` and in
`Sec-Fetch-Site` (Fetch Metadata). A page of another site can also come to this server by a name of
its own that leads here (DNS rebinding), and be of one origin with it: `Host` shows the name.
"""

import socket
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import falcon

from dataplane_core.api.cors import Cors
from dataplane_core.auth.session_cookie import NAME
from dataplane_core.errors import Forbidden
from dataplane_core.haproxy.live import is_ip
from dataplane_core.settings import Settings

_HERE = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` for pages of this server, and for what a person has typed."""
_PORTS = {"http": ":80", "https": ":443"}
_HOSTS = "/etc/hosts"
_LONGEST = 100


class CrossSite:
    """Refuses what a page of another site asks for, unless the settings let it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cors = Cors(settings.dataplane.cors_origins)
        self._allowed = frozenset(name.lower() for name in settings.dataplane.allowed_hosts)

    def check(self, environ: dict[str, Any], is_change: bool, is_log_in: bool = False) -> None:
        """Raise `Forbidden` for a request that a page may not make here.

        A log-in is one of a browser, whatever it sends.
        """
        origin, site = environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE")
        by_cookie = NAME in environ.get("HTTP_COOKIE", "")
        if origin is None and site is None and not (by_cookie or is_log_in):
            return
        if origin is not None and self._cors.allows(origin):
            return
        if is_change:
            self._check_change(environ, origin, site, by_cookie)
        self._check_host(environ)

    def _check_change(
        self, environ: dict[str, Any], origin: str | None, site: str | None, by_cookie: bool
    ) -> None:
        if origin is not None and not self._is_own(origin, environ):
            raise Forbidden(
                f"pages of {origin[:_LONGEST]} may not change anything here: name it in "
                "dataplane.cors_origins if they may"
            )
        if site is not None and site not in _HERE:
            raise Forbidden(
                "pages of another site may not change anything here: name its origin in "
                "dataplane.cors_origins if they may"
            )
        says_nothing = origin is None and site is None and "HTTP_X_REQUESTED_WITH" not in environ
        if by_cookie and says_nothing and "HTTP_AUTHORIZATION" not in environ:
            raise Forbidden(
                "a change by a session's cookie has to say where it comes from: by Origin, "
                "Sec-Fetch-Site or X-Requested-With"
            )

    def _is_own(self, origin: str, environ: dict[str, Any]) -> bool:
        """Tell whether an origin is this server: by `Host`, or by a name of the settings.

        A proxy in front of a plain listener may speak TLS to the browser.
        """
        scheme, _, asked = origin.lower().partition("://")
        if scheme not in _PORTS or scheme == "http" and environ["wsgi.url_scheme"] == "https":
            return False
        host = environ.get("HTTP_HOST", "").lower().removesuffix(_PORTS[scheme])
        asked = asked.removesuffix(_PORTS[scheme])
        return bool(asked) and (asked == host or asked in self._allowed)

    def _check_host(self, environ: dict[str, Any]) -> None:
        host = environ.get("HTTP_HOST", "").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        name = name.rstrip(".")
        is_local = name == "localhost" or name.endswith(".localhost") or is_ip(name)
        if not (is_local or _among(self._allowed, name, host) or _among(self._names, name)):
            raise Forbidden(
                f"this server is not known as {name[:_LONGEST] or 'a host without a name'}: name "
                "it in dataplane.allowed_hosts if it is"
            )

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names of this machine and of its listeners; nothing is asked of a name server."""
        server = self._settings.dataplaneapi
        known = {server.host, server.tls.tls_host, socket.gethostname(), *_names_in_hosts()}
        if "https" in server.scheme and server.tls.tls_certificate:
            known.update(_names_in_certificate(server.tls.tls_certificate))
        return frozenset(name.lower().rstrip(".") for name in known if name)


def keep_private(resp: falcon.Response) -> None:
    """Keep the answer to a session from caches for others, and its type from being guessed.

    Caches keep no answer to a password (RFC 9111, section 3.5), but know nothing of cookies.
    """
    resp.set_header("X-Content-Type-Options", "nosniff")
    if resp.get_header("Cache-Control") is None:
        resp.set_header("Cache-Control", "private, no-cache")


def _among(known: frozenset[str], *names: str) -> bool:
    """Tell whether one of some names is known: itself, or with a star in the place of its begin."""
    if not known.isdisjoint({"*", *names}):
        return True
    stars = tuple(one[1:] for one in known if one.startswith("*."))
    return any(name.endswith(stars) for name in names)


def _names_in_hosts() -> Iterator[str]:
    """Yield the names that the system's own list has beside that of this machine."""
    own = socket.gethostname()
    try:
        with open(_HOSTS, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    for line in lines:
        names = line.partition("#")[0].split()[1:]
        if own in names:
            yield from names


def _names_in_certificate(path: str) -> tuple[str, ...]:
    """Return the names that the certificate of the TLS listener is for."""
    # Imported here, which takes 0.1 s: only a host that nothing else knows needs it.
    from cryptography import x509

    try:
        with open(path, "rb") as file:
            certificate = x509.load_pem_x509_certificate(file.read())
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return tuple(found.value.get_values_for_type(x509.DNSName))
    except (OSError, ValueError, x509.ExtensionNotFound):
        return ()
