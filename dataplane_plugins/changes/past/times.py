"""Read moments as requests name them: RFC 3339."""

from datetime import UTC, datetime

from dataplane_core.plugin import BadRequest


def read_time(text: str, name: str) -> float:
    """Return the moment that a text names, in seconds since 1970; one without a zone is in UTC.

    Raises `BadRequest` that calls the text `name`.

    >>> read_time("1970-01-01T01:00:01.5+01:00", "since"), read_time("1970-01-02", "since")
    (1.5, 86400.0)
    """
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+", 1) if "T" in text else text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        example = "2026-11-30T01:02:03Z"
        raise BadRequest(f"{name} must be a time such as {example}: {text[:80]!r}") from None
