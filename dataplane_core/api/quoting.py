"""Write names into paths and queries; bytes of the file that are not UTF-8 stay those bytes."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode


def in_path(name: str) -> str:
    r"""Return a name as one segment of a path.

    >>> in_path("a/b\udcff")
    'a%2Fb%FF'
    """
    return quote(name, safe="", errors="surrogateescape")


def in_query(query: Mapping[str, str]) -> str:
    """Return names and values as a query."""
    return urlencode(query, errors="surrogateescape")
