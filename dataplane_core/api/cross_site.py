"""Judge where a request comes from: changes by pages of other sites, and unknown hosts.

A browser sends with each request what it knows of a user, whichever page has it made: a cookie, a
password that was typed once, a client certificate. It says which page that was in `Origin` and in
`Sec-Fetch-Site` (Fetch Metadata). A page of another site can also come to this server by a name of
its own that leads here (DNS rebinding), and be of one origin with it: `Host` shows the name. Over
plain HTTP a browser says nothing else when such a page reads, so `Host` is judged for everybody.
"""

import socket
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import falcon

from dataplane_core.api.cors import Cors
from dataplane_core.auth.session_cookie import NAME
from dataplane_core.environ_keys import LISTENER
from dataplane_core.errors import Forbidden
from dataplane_core.haproxy.live import is_ip
from dataplane_core.settings import Settings

_HERE = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` for pages of this server, and for what a person has typed."""
_PORTS = {"http": ":80", "https": ":443"}
_HOSTS = "/etc/hosts"
_SEARCHED = "/etc/resolv.conf"
_LONGEST = 100
_SIGNS = str.maketrans("", "", "-_")  # what a word of a name has beside letters and digits
_MOST_KNOWN = 64  # hosts that are known without being judged again


class CrossSite:
    """Refuses what a page of another site asks for, unless the settings let it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cors = Cors(settings.dataplane.cors_origins)
        self._allowed = frozenset(name.lower() for name in settings.dataplane.allowed_hosts)
        self._known: set[str] = set()

    def check(self, environ: dict[str, Any], is_change: bool, is_log_in: bool = False) -> None:
        """Raise `Forbidden` for a request that may not be made here.

        A log-in is one of a browser, whatever it sends.
        """
        origin, site = environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE")
        if origin is not None and self._cors.allows(origin):
            return
        by_cookie = NAME in environ.get("HTTP_COOKIE", "")
        is_browser = origin is not None or site is not None or by_cookie or is_log_in
        if is_change and is_browser:
            self._check_change(environ, origin, site, by_cookie)
        host = environ.get("HTTP_HOST")
        if host not in self._known and (is_browser or host):
            self._check_host(host or "", is_browser, environ.get(LISTENER) == "unix")

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

    def _check_host(self, given: str, is_browser: bool, by_socket: bool) -> None:
        """Raise `Forbidden` for a host that this server is not.

        Programs name any host at a Unix socket, and elsewhere any name of a single word: a service
        in a network of containers. No page on the Internet is at such a name, as top-level domains
        have no addresses (RFC 7085).
        """
        host = given.lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        name = name.rstrip(".")
        is_local = name == "localhost" or name.endswith(".localhost") or is_ip(name)
        is_known = is_local or _among(self._allowed, name, host) or _among(self._names, name)
        if is_known and len(self._known) < _MOST_KNOWN:
            self._known.add(given)
        is_service = name.isascii() and name.translate(_SIGNS).isalnum()
        if not is_known and (is_browser or not (by_socket or is_service)):
            raise Forbidden(
                f"this server is not known as {name[:_LONGEST] or 'a host without a name'}: name "
                "it in dataplane.allowed_hosts if it is"
            )

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names of this machine and of its listeners; nothing is asked of a name server."""
        server = self._settings.dataplaneapi
        known = {server.host, server.tls.tls_host, socket.gethostname(), *_names_in_hosts()}
        known.update(_names_in_domains())
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
    for line in _lines(_HOSTS):
        names = line.partition("#")[0].split()[1:]
        if own in names:
            yield from names


def _names_in_domains() -> Iterator[str]:
    """Yield the name of this machine in each domain that the system looks names up in."""
    own = socket.gethostname()
    for line in _lines(_SEARCHED):
        keyword, *domains = line.split() or [""]
        if own and keyword in ("search", "domain"):
            yield from (f"{own}.{domain}" for domain in domains if domain.strip("."))


def _lines(path: str) -> list[str]:
    """Return the lines of one of the system's files; none where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


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
