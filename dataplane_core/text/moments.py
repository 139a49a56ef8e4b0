"""Write moments as logs and answers have them: RFC 3339, in UTC, with milliseconds."""

from datetime import UTC, datetime


def written_time(seconds: float) -> str:
    """Return a moment, in seconds since 1970.

    >>> written_time(1.5)
    '1970-01-01T00:00:01.500Z'
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
