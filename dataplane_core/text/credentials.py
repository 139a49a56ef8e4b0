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
_HEADERS = "|".join(sorted(SECRET_HEADERS))

# Each pattern goes over a text once, whatever stands in it: a run of characters is taken as a whole
# (`++`, `*+`), and a match takes what is no secret along, so that nothing is looked at again.
_NAME = rf"(?:{_HEADERS}|(?<![\w-])(?:(?!{_WORDS})[\w-])*+(?:{_WORDS})[\w-]*+)"
_HEADER = re.compile(_NAME, re.I)
_QUERY = re.compile(
    rf"([?&](?:(?!{_WORDS})[^=&\s])*+(?:(?:{_WORDS})[^=&\s]*+(?P<said>=)?+)?+)(?(said)([^&\s]*+))",
    re.I,
)

_VALUE = r"(?:\\[^rn]|[^\\\"'\s])++"
_SCHEME = r"(?:Basic|Bearer|Digest|Negotiate|Token)"
_BLANK = r"(?:\\?[ \t])"
_FLAGS = r"(?:\s+-m\s+[a-z]+|\s+-[a-zA-Z](?![a-z]))*+"
_USER = re.compile(r"(://)([^/\s@\"'?#]++)(?=@)")
_OTHERS = (
    re.compile(rf"({_NAME}\s*+:{_BLANK}*)((?:{_SCHEME}{_BLANK}+)?{_VALUE})", re.I),
    re.compile(rf"((?<![\w?&-])(?:(?!{_WORDS})[\w-])*+(?:{_WORDS})[\w-]*+=)([^&\s\"'*]++)", re.I),
    re.compile(rf"(\b(?:Basic|Bearer){_BLANK}+)([A-Za-z0-9._~+/=-]{{6,}})", re.I),
    re.compile(rf"(\b(?:AUTH|PASS){_BLANK}+)({_VALUE})"),
)
_SAMPLE = re.compile(
    rf"((?<!\w)(?:(?!hdr)\w)*+hdr\w*+\(\s*+{_NAME}[^()]*+\)(?:,\S++)?+{_FLAGS})"
    r"(?:(\s++)([^\s{}]++(?:[^\S\n]++[^\s{}]++)*+))?",
    re.I,
)
_HINT = re.compile(rf"://|[?&]|\b(?:Basic|Bearer|AUTH|PASS)\b|{_HEADERS}|{_WORDS}", re.I)


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
    text = _USER.sub(lambda match: match[1] + hide(match[2]), text)
    text = conceal_queries(text, hide)
    for pattern in _OTHERS:
        text = pattern.sub(lambda match: match[1] + hide(match[2]), text)
    return _SAMPLE.sub(lambda match: match[0] if match[3] is None
                       else match[1] + match[2] + hide(match[3]), text)  # fmt: skip


def conceal_queries(text: str, hide: Callable[[str], str] = lambda secret: HIDDEN) -> str:
    """Return a text with other words in the place of the credentials in queries of addresses.

    >>> conceal_queries("/v3/info?token=x&a=b")
    '/v3/info?token=***&a=b'
    """
    return _QUERY.sub(lambda match: match[1] + hide(match[3]) if match[3] else match[0], text)
