"""What Consul answers: a tree with an index, or a sentence with a status."""

import json
import re
from collections.abc import Callable
from typing import Any

from dataplane_core.plugin import dataclass
from dataplane_plugins.fleet.stores.members import Unanswered
from dataplane_plugins.fleet.stores.protocol import StoreRefused

_NOTHING_DONE = ("No cluster leader", "rate limit")
_FILTERED = "X-Consul-Results-Filtered-By-ACLs"
_NO_RIGHT = ("Permission denied", "ACL not found")
_CONDITION_FAILED = re.compile(r"\b(index|exists?)\b")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: its status, its index (0 where there is none), and what it says."""

    status: int
    index: int
    text: str
    facts: Any = None

    @classmethod
    def of(cls, response: Any) -> "Answered":
        """Take an answer from py-consul; one from which something was left out is a refusal."""
        index = str(response.headers.get("X-Consul-Index", ""))
        if response.headers.get(_FILTERED) == "true":
            return cls(403, 0, "the token has the right to a part of the keys alone")
        return cls(int(response.code), int(index) if index.isdecimal() else 0, response.body)


def facts_of(
    client: Any, call: Callable[[Any], Answered], fits: Callable[[Answered], bool], token: str
) -> Answered:
    """Return what a call answers, decoded; raises `Unanswered` or `StoreRefused`.

    An answer that does not fit is no Consul's. That something is not found, or that a transaction
    was rolled back, is an answer.
    """
    try:
        told = call(client)
    except OSError as error:
        raise Unanswered.of(error) from None
    if told.status not in (200, 404, 409):
        raise _refusal(told, token)
    try:
        facts = None if told.status == 404 else json.loads(told.text)
        answer = Answered(told.status, told.index, "", facts)
    except ValueError:
        answer = None
    if answer is None or not fits(answer):
        raise Unanswered("gives an answer that is not Consul's", True)
    return answer


def _refusal(told: Answered, token: str) -> Exception:
    """Return what a status that is none of an answer means."""
    words = _words(told.text, token)
    if told.status == 429 or any(one in told.text for one in _NOTHING_DONE):
        return Unanswered(f"says: {words}", False)
    if 400 <= told.status < 500:
        return StoreRefused(f"Consul: {words}")
    return Unanswered(f"says: {words}", True)


def check_rollback(facts: Any, conditions: int, token: str) -> None:
    """Raise why a transaction was rolled back, unless a condition, one of its first parts, was."""
    for one in facts.get("Errors") or ():
        told, part = str(one.get("What", "")), int(one.get("OpIndex", -1))
        is_condition = 0 <= part < conditions and _CONDITION_FAILED.search(told)
        if not is_condition or any(word in told for word in _NO_RIGHT):
            raise StoreRefused(f"Consul: {_words(told, token)}")


def _words(text: str, token: str) -> str:
    """Return the first line of what Consul says, unless it has the token in it."""
    line = "".join(one for one in text.strip().partition("\n")[0] if one.isprintable())[:200]
    return "it does not want to" if token and token in line else line or "no reason"
