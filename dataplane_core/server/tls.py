"""Keep the TLS listener's context, and read its certificates again when their files change."""

import logging
import ssl
import threading

from dataplane_core.server.client_socket import expect_tls
from dataplane_core.settings import Settings, SettingsError
from dataplane_core.store.files import FileIdentity, identity_of

log = logging.getLogger("dataplane.server")




class TlsContexts:
    """Gives the context for the next connection; a renewed certificate needs no signal.

    Where `tls_ca` is set, a client certificate of one of its authorities is required. Protocols
    below TLS 1.2 are refused (RFC 8996). Raises `SettingsError` for files that cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        expect_tls()
        self._settings = settings
        tls = settings.dataplaneapi.tls
        self._files = [path for path in (tls.tls_certificate, tls.tls_key, tls.tls_ca) if path]
        self._lock = threading.Lock()
        self._identity = self._identify()
        self._context = self._load()

    def current(self) -> ssl.SSLContext:
        """Return the context; the former one stays in use when changed files cannot be read."""
        identity = self._identify()
        if identity != self._identity:
            with self._lock:
                if identity != self._identity:
                    self._identity = identity
                    self._renew()
        return self._context

    def _renew(self) -> None:
        try:
            self._context = self._load()
        except SettingsError as error:
            log.error("the former certificate stays in use: %s", error)
        else:
            log.info("the TLS listener's certificate was read again")

    def _identify(self) -> tuple[FileIdentity | None, ...]:
        return tuple(map(identity_of, self._files))

    def _load(self) -> ssl.SSLContext:
        tls = self._settings.dataplaneapi.tls
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        key, path = "", ""
        try:
            for key in ("tls_certificate", "tls_key", "tls_ca"):
                if path := getattr(tls, key):  # OpenSSL does not tell which file it cannot open
                    open(path, "rb").close()
            key, path = "tls_certificate", tls.tls_certificate
            # Without a callback for the passphrase, OpenSSL would ask for it on the terminal.
            context.load_cert_chain(path, tls.tls_key or None, password=lambda: b"")
            if tls.tls_ca:
                key, path = "tls_ca", tls.tls_ca
                context.load_verify_locations(path)
                context.verify_mode = ssl.CERT_REQUIRED
        except ssl.SSLError as error:
            fault = f"{path} is no usable PEM file: {error.reason or error}"
        except OSError as error:
            fault = f"{path} cannot be read: {error.strerror}"
        else:
            return context
        raise SettingsError((self._settings.problem(f"dataplaneapi.tls.{key}", fault),))



