"""The cookie that holds the token of a session."""

import re

NAME = "dataplane_session"
"""The cookie's name."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def read_cookie(header: str | None) -> str:
    """Return the token in a header `Cookie`; empty where none is, or where it is not certain which.

    Whoever can set cookies for a part of the host's paths could else put another one before it.

    >>> read_cookie("a=b; dataplane_session=" + "x" * 43) == "x" * 43
    True
    """
    if not header or NAME not in header:
        return ""
    pairs = (one.strip().partition("=") for one in header.replace(",", ";").split(";"))
    tokens = [value for name, _, value in pairs if name == NAME]
    return tokens[0] if len(tokens) == 1 and _TOKEN.fullmatch(tokens[0]) else ""


def write_cookie(token: str, is_secure: bool) -> str:
    """Return the header `Set-Cookie` that has a browser keep a token, or without one drop it."""
    ends = "" if token else "; Max-Age=0"
    secure = "; Secure" if is_secure else ""
    return f"{NAME}={token}; Path=/{ends}; HttpOnly; SameSite=Strict{secure}"
