"""Answers of HAProxy's Runtime API that say why a command was not tried, or not carried out."""

import re
from collections.abc import Mapping, Sequence

from dataplane_core.errors import BadRequest, DataplaneError, RuntimeFailed

NO_WORKER = "Can't find the target PID"
"""The beginning of a master's answer to what is meant for a worker, where there is none."""
# Of a table a socket of level `user` tells the size, and instead of the entries why it does not.
_NO_ENTRIES = r"(?:# table: .*\n)?# contents not dumped due to insufficient privileges"
_REFUSED = re.compile(rf"Unknown command|{NO_WORKER}|(?P<denied>Permission denied|{_NO_ENTRIES})")


class RuntimeRefused(RuntimeFailed):
    """HAProxy does not know the command, or its socket does not permit it."""


class NotPermitted(RuntimeRefused):
    """The level of the socket (`user`, `operator`) does not permit the command."""


def refusal_of(answer: str) -> RuntimeRefused | None:
    """Return the failure that an answer, or its beginning, tells; None for any other answer."""
    match = _REFUSED.match(answer)
    if match is None:
        return None
    if match["denied"]:
        return NotPermitted("HAProxy refuses the command: Permission denied")
    return RuntimeRefused(f"HAProxy refuses the command: {answer.splitlines()[0]}")


def first_words(answers: Sequence[str]) -> str:
    """Return what HAProxy says to a command that answers nothing when all is well; else "".

    `answers` are those of all processes; the first that says something counts.
    """
    return next((one.strip() for one in answers if one.strip()), "")


def refused(words: str, kinds: Mapping[str, type[DataplaneError]]) -> DataplaneError:
    """Return the failure that HAProxy's words mean.

    `kinds` maps parts of sentences to failures; words that have none of them are a `BadRequest`.
    """
    kind = next((kind for part, kind in kinds.items() if part in words), BadRequest)
    return kind(f"HAProxy says: {words}")
