"""Waiting for changes in etcd: a watch is an answer that goes on, a line of JSON for each event.

etcd3gw has a watcher, which takes what one read gives for a whole event; so lines are read here.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any

import requests

from dataplane_plugins.fleet.stores.etcd_answers import TokenExpired, check_error, facts_of
from dataplane_plugins.fleet.stores.members import ANSWER_TIMEOUT, CONNECT_TIMEOUT, Unanswered

if TYPE_CHECKING:
    from etcd3gw.client import Etcd3Client

_NEEDS_LEADER = {"Grpc-Metadata-hasleader": "true"}
"""Has a member that lost the others end its watches, which would be silent for good otherwise."""
_AT_ONCE = 65536
TOLERANCE = 0.01
"""Seconds by which a time that is over may be missed."""


class Watches:
    """The watches that threads are at, so that `end` wakes them all."""

    def __init__(self) -> None:
        self._sockets: set[tuple[int, Any]] = set()
        self.ended = 0
        """How often `end` was called."""

    def wait(
        self,
        client: "Etcd3Client",
        wanted: Mapping[str, Any],
        until: float,
        newest: Callable[[], int],
    ) -> int | None:
        """Return the revision of the first events that are wanted, or None when the time is over.

        Where the events are no longer known, it is the newest revision that there is, which
        `newest` asks the leader for: a member may be late.
        """
        ended = self.ended
        try:
            with closing(self._begin(client, wanted)) as answer:
                socket = getattr(answer.raw.connection, "sock", None)
                if socket is None:
                    raise Unanswered("gives a watch that is not etcd's", False)
                mine = os.getpid(), socket
                self._sockets.add(mine)
                try:
                    return _first(answer, socket, int(wanted["start_revision"]), until, newest)
                finally:
                    self._sockets.discard(mine)
        except (OSError, Unanswered) as error:
            if ended != self.ended or time.monotonic() >= until - TOLERANCE:
                return None
            if isinstance(error, Unanswered):
                raise
            raise Unanswered.of(error) from None

    def end(self) -> None:
        """Have all who wait return."""
        self.ended += 1
        for process, socket in tuple(self._sockets):
            if process == os.getpid():  # not those that a fork has from its parent
                with suppress(OSError):  # it has ended by itself
                    socket.shutdown(SHUT_RDWR)

    def _begin(self, client: "Etcd3Client", wanted: Mapping[str, Any]) -> requests.Response:
        answer: requests.Response = client.session.post(
            client.get_url("watch"),
            json={"create_request": wanted},
            headers=_NEEDS_LEADER,
            timeout=(CONNECT_TIMEOUT, ANSWER_TIMEOUT),
            stream=True,
        )
        if answer.status_code != requests.codes.ok:
            with closing(answer):
                check_error(answer.text)
        return answer


def _first(
    answer: requests.Response, socket: Any, start: int, until: float, newest: Callable[[], int]
) -> int:
    """Return the revision of the first events that come, or the newest where they are not known."""
    for told in _results(answer):
        if events := told.get("events"):
            return max(int(event["kv"]["mod_revision"]) for event in events)
        if told.get("compact_revision"):
            return newest()
        if told.get("canceled"):
            reason = str(told.get("cancel_reason") or "no reason").rpartition("etcdserver: ")[2]
            if "leader" in reason:
                raise Unanswered(f"ended a watch: {reason}", False)
            raise TokenExpired(reason)  # which is told as a right that is missing
        revision = int(told.get("header", {}).get("revision", start))
        if revision < start - 1 and (behind := newest()) < start - 1:
            return behind  # the store is an older one now
        socket.settimeout(max(TOLERANCE, until - time.monotonic()))
    raise Unanswered("ended a watch", False)


def _results(answer: requests.Response) -> Iterator[dict[str, Any]]:
    """Yield what the lines of a watch tell."""
    for line in answer.iter_lines(chunk_size=_AT_ONCE):
        if line.strip():
            try:
                told = json.loads(line)
            except ValueError:
                raise Unanswered("gives a watch that is not etcd's", False) from None
            yield facts_of(told)
