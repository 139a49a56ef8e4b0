"""Lines that are a keyword and its value."""

from collections.abc import Sequence

from dataplane_core.plugin import Statement, Term, statement


def valued(head: str, value: Term, *samples: str, rejects: Sequence[str] = ()) -> Statement:
    """Return the statement `<head> <value>`, for a value of one word or more.

    The examples are the head with each of `samples`. `rejects` are further values that the
    statement refuses, beside the head alone.
    """
    examples = [f"{head} {sample}" for sample in samples]
    return statement(
        head, value, examples=examples, rejects=[head, *(f"{head} {one}" for one in rejects)]
    )
