"""Find the responders of a path, and make them when the path is first asked for.

Falcon's own router makes a responder for every method of every path, and compiles a program out of
them: 60 ms and 15 MiB at each start, for 430 paths of which most are never asked for.
"""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Protocol


class Endpoint(Protocol):
    """What is behind one path: a responder for each method."""

    @property
    def responders(self) -> Mapping[str, Callable[..., None]]:
        """The responders by method; all methods of HTTP are there."""


class Router:
    """The paths of an application; it stands in the place of Falcon's router.

    A template has words, and names in braces for segments that may be anything: `/v2/maps/{k1}`.
    A word comes before a name where both fit.
    """

    def __init__(self) -> None:
        self._top = _Node()
        self._of_words: dict[str, _Node] = {}  # paths without a name, as they are asked for
        self._making = Lock()

    def add(self, template: str, make: Callable[[], Endpoint]) -> None:
        """Add a path; `make` is called by the first request to it."""
        node = self._top
        for segment in _segments(template):
            node = node.named() if segment.startswith("{") else node.below(segment)
        node.template, node.make = template, make
        if "{" not in template:
            self._of_words[template] = node

    def find(self, uri: str, req: object = None) -> tuple[Any, Any, dict[str, str], str] | None:
        """Return what Falcon wants to know of a path; None for one that was not added."""
        names: list[str] = []
        node = self._of_words.get(uri) or self._top.find(_segments(uri), 0, names)
        if node is None:
            return None
        endpoint = node.endpoint or self._made(node)
        params = {f"k{number}": name for number, name in enumerate(names, 1)}
        return endpoint, endpoint.responders, params, node.template

    def _made(self, node: "_Node") -> Endpoint:
        with self._making:
            if node.endpoint is None:
                node.endpoint = node.make()
            return node.endpoint


class _Node:
    """The paths that begin with the same segments, and the one that ends here, if any."""

    __slots__ = ("endpoint", "make", "template", "any", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.any: _Node | None = None
        self.template = ""
        self.make: Callable[[], Endpoint]
        self.endpoint: Endpoint | None = None

    def below(self, word: str) -> "_Node":
        """Return the node of the next segment, a word."""
        found = self.words.get(word)
        if found is None:
            found = self.words[word] = _Node()
        return found

    def named(self) -> "_Node":
        """Return the node of the next segment, a name."""
        if self.any is None:
            self.any = _Node()
        return self.any

    def find(self, segments: list[str], at: int, names: list[str]) -> "_Node | None":
        """Return the node that the segments from `at` on lead to; what stands for names is added.

        None if a path does not end there.
        """
        if at == len(segments):
            return self if self.template else None
        segment = segments[at]
        word = self.words.get(segment)
        if word is not None and (found := word.find(segments, at + 1, names)) is not None:
            return found
        if self.any is None:
            return None
        names.append(segment)
        found = self.any.find(segments, at + 1, names)
        if found is None:
            names.pop()
        return found


def _segments(path: str) -> list[str]:
    return path.lstrip("/").split("/")
