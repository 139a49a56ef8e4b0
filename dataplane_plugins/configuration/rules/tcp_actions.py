"""What `tcp-request` and `tcp-response` lines have in common (manual, section 4.2)."""

from dataplane_core.plugin import Case, case, duration


def inspect_delay() -> Case:
    """Return `inspect-delay`, the longest time that HAProxy waits for data before it goes on."""
    return case(
        "inspect-delay",
        duration("timeout", nullable=True, help="How long to wait for data, in milliseconds."),
    )
