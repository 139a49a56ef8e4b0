"""What a client leaves as it is: parts of a body that are equal to what a GET shows.

Such parts are never judged: HAProxy has accepted what the file says, also where the interface's
patterns, choices and limits are narrower. All objects here have the wire's names.
"""

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dataplane_core.lazy_pattern import lazy_pattern

_NOT_UTF8 = lazy_pattern("[\udc80-\udcff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def is_same(shown: Any, sent: Any) -> bool:
    """Return whether two scalars are one value; `true` is not 1."""
    return bool(shown == sent) and type(shown) is type(sent)


def carried(shown: Any, sent: Any) -> Any:
    """Return what a client sent, with those bytes of `shown` that it could not say: no UTF-8.

    Most clients read U+FFFD for each such byte, and send that back with what they did not change.
    """
    if isinstance(sent, str) and isinstance(shown, str) and _REPLACEMENT in sent:
        return shown if _legible(shown) == sent else sent
    if isinstance(sent, dict) and isinstance(shown, Mapping):
        return {name: carried(shown.get(name), value) for name, value in sent.items()}
    if isinstance(sent, list) and isinstance(shown, list):
        return [carried(old, new) for old, new in zip(partners(shown, sent), sent, strict=True)]
    return sent


def partners(shown: Sequence[Any], sent: Sequence[Any]) -> list[Any]:
    """Return for each item that a client sent the shown item that it is; None for a new one.

    An item is the one that looks the same, else the one of the same `name`. What then is left over
    is paired in order, where both are objects and neither has a name.
    """
    found: list[Any] = [None] * len(sent)
    left = list(shown)
    for key in (_legible_json, _name):
        places: dict[str | None, deque[Any]] = {}
        for old in left:
            places.setdefault(key(old), deque()).append(old)
        for at, new in enumerate(sent):
            same = places.get(key(new)) if found[at] is None else None
            if same and key(new) is not None:
                found[at] = same.popleft()
        left = [old for alike in places.values() for old in alike]
    rest = deque(old for old in left if isinstance(old, Mapping) and _name(old) is None)
    for at, new in enumerate(sent):
        if found[at] is None and rest and isinstance(new, Mapping) and _name(new) is None:
            found[at] = rest.popleft()
    return found


class Comparison:
    """What a client sent beside what a GET shows; which items belong together is found once."""

    def __init__(self, shown: Any, sent: Any) -> None:
        self._shown = shown
        self._sent = sent
        self._partners: dict[int, list[Any]] = {}

    def is_untouched(self, names: Iterable[str]) -> bool:
        """Return whether the body and the shown object have the same at the path of these names.

        A property that both objects lack is untouched; a new item of a list, a new object, and what
        stands in it are not.
        """
        shown, sent = self._shown, self._sent
        for name in names:
            if isinstance(sent, list) and isinstance(shown, list):
                sent, shown = sent[int(name)], self._pairs(shown, sent)[int(name)]
            elif isinstance(sent, Mapping) and isinstance(shown, Mapping):
                if name not in sent and name not in shown:
                    return True
                sent, shown = sent.get(name), shown.get(name)
            else:
                return False
        return shown is not None and is_same(shown, sent)

    def _pairs(self, shown: list[Any], sent: list[Any]) -> list[Any]:
        found = self._partners.get(id(sent))
        if found is None:
            found = self._partners[id(sent)] = partners(shown, sent)
        return found


def _legible(text: str) -> str:
    """Return a text as most clients have it."""
    return _NOT_UTF8.sub(_REPLACEMENT, text)


def _legible_json(item: Any) -> str:
    return _legible(json.dumps(item, ensure_ascii=False, sort_keys=True))


def _name(item: Any) -> str | None:
    name = item.get("name") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) else None
