"""Make the WSGI environment of a request."""

import os
import sys
from typing import Any

from gunicorn import SERVER_SOFTWARE

from dataplane_core.environ_keys import LISTENER
from dataplane_core.server.request_head import RequestHead


def listener_environ(scheme: str, address: object, processes: int) -> dict[str, Any]:
    """Return what is the same for all requests of one listener.

    `scheme` is the kind of listener, `address` what its socket is bound to.
    """
    host, port = ("", "")
    if isinstance(address, tuple):
        host, port = address[0], str(address[1])
    return {
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": processes > 1,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.url_scheme": "https" if scheme == "https" else "http",
        LISTENER: scheme,
        "SERVER_SOFTWARE": SERVER_SOFTWARE,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SCRIPT_NAME": os.environ.get("SCRIPT_NAME", ""),
    }


def remote(peer: object) -> tuple[str, str]:
    """Return address and port of a client; both are empty for a Unix socket."""
    return (peer[0], str(peer[1])) if isinstance(peer, tuple) else ("", "")


def make_environ(
    listener: dict[str, Any], head: RequestHead, peer: object, body: object
) -> dict[str, Any]:
    """Return the environment of one request; `peer` is the address that it came from."""
    environ = {
        **listener,
        "wsgi.input": body,
        "REQUEST_METHOD": head.method,
        "QUERY_STRING": head.query,
        "RAW_URI": head.target,
        "SERVER_PROTOCOL": f"HTTP/1.{head.minor}",
        "PATH_INFO": head.path,
        **head.fields,
    }
    environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = remote(peer)
    if not listener["SERVER_NAME"]:  # a Unix socket has no name: the client's word for it
        host, _, port = head.fields.get("HTTP_HOST", "").partition(":")
        environ["SERVER_NAME"], environ["SERVER_PORT"] = host, port or "80"
    return environ
