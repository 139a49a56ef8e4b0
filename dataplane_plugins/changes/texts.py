"""Read the whole texts that clients send."""

from dataplane_core.plugin import Code, Invalid, with_last_newline


def given_text(given: str | bytes) -> str:
    """Return a text that a client has sent, with its last newline; raises `Invalid` for none."""
    text = given if isinstance(given, str) else given.decode("utf-8", "surrogateescape")
    if not text.strip():
        raise Invalid("data in body is required", code=Code.REQUIRED)
    return with_last_newline(text)
