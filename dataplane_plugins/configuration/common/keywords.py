"""Lines that are a keyword and its value."""

from collections.abc import Sequence

from dataplane_core.plugin import Statement, Term, statement, word


def valued(head: str, value: Term, *samples: str, rejects: Sequence[str] = ()) -> Statement:
    """Return the statement `<head> <value>`, for a value of one word or more.

    The examples are the head with each of `samples`. `rejects` are further values that the
    statement refuses, beside the head alone.
    """
    examples = [f"{head} {sample}" for sample in samples]
    return statement(
        head, value, examples=examples, rejects=[head, *(f"{head} {one}" for one in rejects)]
    )


def one_word(
    head: str, name: str, help: str, sample: str = "a", *, required: bool = False
) -> Statement:
    """Return a keyword with one word, which is the string property `name`."""
    return valued(head, word(name, None, required=required, help=help), sample)
