"""What etcd's gateway answers: a tree, or one of etcd's errors (etcd, rpctypes)."""

import json
from typing import TYPE_CHECKING, Any

import requests

from dataplane_plugins.fleet.stores.members import Unanswered
from dataplane_plugins.fleet.stores.protocol import StoreError, StoreRefused

if TYPE_CHECKING:
    from etcd3gw.client import Etcd3Client

_INVALID, _NO_RIGHT, _EXHAUSTED, _PRECONDITION, _NOBODY = 3, 7, 8, 9, 16
_REFUSALS = {_INVALID, _NO_RIGHT, _EXHAUSTED, _PRECONDITION, _NOBODY}
"""Codes with which etcd says that it has not done a thing; all others but these leave it open."""
_NOT_FOUND, _COMPACTED = 5, 11
_TOKEN_IS_OLD = ("invalid auth token", "revision of auth store is old")
_BUSY = "too many requests"


class Compacted(StoreError):
    """The revision that was asked for is no longer there."""


class TokenExpired(Exception):
    """The user has to authenticate once more; nothing has been done."""


def answer_of(client: "Etcd3Client", path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a member; raises `Unanswered`, `TokenExpired` or a `StoreError`.

    That a lease is not found is an answer without facts.
    """
    from etcd3gw.exceptions import Etcd3Exception

    try:
        answer = client.post(client.get_url(path), json=body)
    except Etcd3Exception as error:
        # Where there was an answer, the error has its reason, too.
        if not error.args and isinstance(error.__context__, OSError):
            raise Unanswered.of(error.__context__) from None
        return check_error(error.detail_text or "")
    except requests.JSONDecodeError:
        raise Unanswered("gives an answer that is not etcd's", True) from None
    except OSError as error:
        raise Unanswered.of(error) from None
    return facts_of(answer)


def facts_of(answer: Any) -> dict[str, Any]:
    """Return what an answer tells, or the first part of one that could go on."""
    if isinstance(answer, dict) and "error" in answer:  # the status was sent before
        return check_error(json.dumps(answer["error"]))
    facts = answer.get("result", answer) if isinstance(answer, dict) else {}
    header = facts.get("header") if isinstance(facts, dict) else None
    if not isinstance(facts, dict) or not isinstance(header, dict) or "cluster_id" not in header:
        raise Unanswered("gives an answer that is not etcd's", True)
    return facts


def check_error(text: str) -> dict[str, Any]:
    """Raise what an error of etcd means; the answer without facts where there is no such lease."""
    try:
        told = json.loads(text)
        code = int(told.get("code", told.get("grpc_code", 0)))
        message = str(told.get("message") or told.get("error") or "")
    except (ValueError, TypeError, AttributeError):
        raise Unanswered("gives an answer that is not etcd's", True) from None
    message = message.removeprefix("etcdserver: ")
    if any(one in message for one in _TOKEN_IS_OLD):
        raise TokenExpired(message)
    if _BUSY in message:
        raise Unanswered(f"says: {message}", False)
    if code == _NOT_FOUND:
        return {}
    if code == _COMPACTED:
        raise Compacted(f"etcd: {message}")
    if code in _REFUSALS:
        raise StoreRefused(f"etcd: {message}")
    raise Unanswered(f"says: {message}", True)
