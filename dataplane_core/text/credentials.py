"""Find credentials that no declaration knows: in headers, addresses and queries."""

import re
from collections.abc import Callable

HIDDEN = "***"
"""What is shown in the place of a secret."""
SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-consul-token"}
)
"""Names, in small letters, of headers that hold credentials."""

_WORDS = "password|passwd|token|secret|credential|api[-_]?key"
_NAME = rf"(?:{'|'.join(sorted(SECRET_HEADERS))}|(?<![\w-])[\w-]*?(?:{_WORDS})[\w-]*)"
_HEADER = re.compile(rf"{_NAME}", re.I)
SECRET_QUERY = re.compile(rf"([?&][^=&\s]*(?:{_WORDS})[^=&\s]*=)([^&\s]*)", re.I)
"""What stands in a query in front of a secret, and the secret."""

_VALUE = r"(?:\\[^rn]|[^\\\"'\s])+"
_SCHEME = r"(?:Basic|Bearer|Digest|Negotiate|Token)"
_BLANK = r"(?:\\?[ \t])"
_FLAGS = r"(?:\s+-m\s+[a-z]+|\s+-[a-zA-Z](?![a-z]))*+"
_PATTERNS = (
    re.compile(r"(://)([^/\s@\"'?#]+)(?=@)"),
    SECRET_QUERY,
    re.compile(rf"({_NAME}\s*:{_BLANK}*)((?:{_SCHEME}{_BLANK}+)?{_VALUE})", re.I),
    re.compile(rf"(\b(?:Basic|Bearer){_BLANK}+)([A-Za-z0-9._~+/=-]{{6,}})", re.I),
    re.compile(rf"(\b(?:AUTH|PASS){_BLANK}+)({_VALUE})"),
    re.compile(
        rf"(hdr\w*\(\s*{_NAME}[^)]*\)(?:,\S+)?{_FLAGS}\s+)([^\s{{}}][^{{}}\n]*?)(?=\s*(?:[{{}}\n]|$))",
        re.I,
    ),
)
_HINT = re.compile(rf"://|[?&]|\b(?:Basic|Bearer|AUTH|PASS)\b|{_NAME}", re.I)


def is_secret_header(name: str) -> bool:
    """Return whether a header of this name holds credentials.

    >>> is_secret_header("X-Api-Key"), is_secret_header("Host")
    (True, False)
    """
    return _HEADER.fullmatch(name) is not None


def may_hold_credentials(text: str) -> bool:
    """Return False for a text in which surely no credentials are found."""
    return _HINT.search(text) is not None


def conceal(text: str, hide: Callable[[str], str] = lambda secret: HIDDEN) -> str:
    """Return a text with other words in the place of the credentials that are found in it.

    >>> conceal("http://me:pw@a.example/?token=x")
    'http://***@a.example/?token=***'
    """
    if not may_hold_credentials(text):
        return text
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: match[1] + (match[2] and hide(match[2])), text)
    return text
