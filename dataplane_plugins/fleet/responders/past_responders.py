"""Answer what became of earlier roll-outs."""

from collections.abc import Iterable, Iterator
from typing import Any

import falcon

from dataplane_core.plugin import ApiRequest, BadRequest, NotFound, is_digits, to_json
from dataplane_plugins.fleet.members.errors import told
from dataplane_plugins.fleet.responders.fleet_responders import Shared
from dataplane_plugins.fleet.responders.overview import rollout_json

_MOST, _LARGEST = 1000, 2 << 20


class PastRollouts:
    """What became of earlier roll-outs, the newest first: GET."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        limit, before = req.query["limit"], req.query["before"]
        if not 1 <= limit <= _MOST:
            raise BadRequest(f"limit must be between 1 and {_MOST}")
        with told():
            rollout, _ = self._shared.rollout()
            number = min(before or rollout.number + 1, rollout.number + 1)
            found = self._shared.rollouts.pasts(number - 1, limit)
            shown = ({**rollout_json(one), **self._shared.made(one)} for one in found)
            resp.data = to_json([*_bounded(shown)])


class PastRollout:
    """What became of one roll-out: GET."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def on_get(self, req: ApiRequest, resp: falcon.Response, revision: str) -> None:
        number = int(revision) if is_digits(revision) and len(revision) < 13 else 0
        with told():
            found = self._shared.rollouts.past(number)
            made = {} if found is None else self._shared.made(found)
            if found is None or not made:
                raise NotFound(f"no roll-out of a revision {revision[:20]} is kept")
            resp.data = to_json({**rollout_json(found), **made})


def _bounded(found: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield one, and more up to the bytes of one answer: the others are on the next page."""
    size = 0
    for one in found:
        size += len(to_json(one))
        if size > _LARGEST and size > len(to_json(one)):
            return
        yield one
