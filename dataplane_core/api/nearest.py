"""Find the known paths that a client may have meant by one that does not exist.

The cost is bounded whatever is asked for: only the last two segments are compared with all words of
the interface, and of the templates that end in a word like one of them only the beginnings are.
"""

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from dataplane_core.lazy_pattern import lazy_pattern

_VERSION = lazy_pattern(r"[vV]\d{1,3}")
_LONGEST_PATH = 400
_MOST_SEGMENTS = 9
_LONGEST_WORD = 40
_CLOSE = 0.75
_PART = 0.6  # how close `certificates` is to `ssl_certificates`
_SHORTEST_PART = 5
_UNLIKE, _MISSING, _EXTRA = 10.0, 0.5, 1.0  # what makes a path distant: another word counts most
_MOST_EXTRA = 2
_MOST_TOLD = 2

Template = tuple[str, ...]
"""The segments of a path below a version's prefix; names of parameters are in braces."""


class KnownPaths:
    """The paths of all API versions, as templates such as `/services/haproxy/reloads/{id}`."""

    def __init__(self) -> None:
        self._paths: dict[str, list[str]] = {}
        self._by_prefix: dict[str, dict[str, list[Template]]] = {}

    def add(self, prefix: str, templates: Iterable[str]) -> None:
        """Take the templates of the API version below `prefix` (`/v2`), before anybody asks."""
        self._paths.setdefault(prefix.strip("/"), []).extend(templates)

    def nearest(self, path: str) -> list[str]:
        """Return the paths that `path` is closest to: one, several that are as close, or none."""
        asked = [segment for segment in path.split("/") if segment]
        if len(path) > _LONGEST_PATH or not 0 < len(asked) <= _MOST_SEGMENTS:
            return []
        prefix = next(iter(self._paths), "")
        if _VERSION.fullmatch(asked[0]):
            prefix = asked[0].lower() if asked[0].lower() in self._paths else prefix
            asked = asked[1:]
        found: dict[str, float] = {}
        for template, distance in self._near(self._words(prefix), asked):
            path_meant = _filled(prefix, template, asked)
            found[path_meant] = min(distance, found.get(path_meant, distance))
        best = min(found.values(), default=0.0)
        paths = [one for one, distance in found.items() if distance == best]
        return paths if len(paths) <= _MOST_TOLD and path not in paths else []

    def _words(self, prefix: str) -> dict[str, list[Template]]:
        """Return the templates of a version by their last words; made once somebody errs."""
        found = self._by_prefix.get(prefix)
        if found is None:
            found = {}
            for path in self._paths.get(prefix, ()):
                segments = tuple(path.strip("/").split("/"))
                last = next((one for one in reversed(segments) if one and one[0] != "{"), None)
                if last is not None:
                    found.setdefault(last, []).append(segments)
            self._by_prefix[prefix] = found  # whole: other threads read it as soon as it is there
        return found

    def _near(
        self, by_word: dict[str, list[Template]], asked: Sequence[str]
    ) -> Iterator[tuple[Template, float]]:
        """Yield the templates that end like `asked`, each with its distance."""
        for names in (0, 1):  # how many names follow the last word
            if len(asked) <= names:
                continue
            end = len(asked) - names
            for word, closeness in _close_words(asked[end - 1], by_word):
                for template in by_word[word]:
                    lead, tail = template[: -1 - names], template[-1 - names :]
                    if len(tail) <= names or tail[0] != word:
                        continue
                    steps = _steps(lead, asked[: end - 1])
                    if steps is not None:
                        yield template, steps + _UNLIKE * (1 - closeness)


def _filled(prefix: str, template: Template, asked: Sequence[str]) -> str:
    """Return the template as a path, with the name that was asked for as its last one."""
    last = asked[-1] if template[-1].startswith("{") else template[-1]
    return "/" + "/".join((prefix, *template[:-1], last))


def _close_words(asked: str, words: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Yield the words that are like `asked`, with how much from 0 to 1."""
    if len(asked) > _LONGEST_WORD:
        return
    matcher = SequenceMatcher(None, "", asked.lower())
    for word in words:
        closeness = _closeness(matcher, asked.lower(), word)
        if closeness:
            yield word, closeness


def _closeness(matcher: "SequenceMatcher[str]", asked: str, word: str) -> float:
    """Return how like `asked`, the second text of `matcher`, a word is: 0 for another, to 1."""
    if asked == word:
        return 1.0
    matcher.set_seq1(word)
    if matcher.real_quick_ratio() >= _CLOSE and matcher.quick_ratio() >= _CLOSE:
        ratio = matcher.ratio()
        if ratio >= _CLOSE:
            return ratio
    shorter, longer = sorted((asked, word), key=len)
    part = longer.startswith(shorter) or longer.endswith(f"_{shorter}")
    return _PART if part and len(shorter) >= _SHORTEST_PART else 0.0


def _steps(wanted: Sequence[str], asked: Sequence[str]) -> float | None:
    """Return the weight of the segments to add and to drop; None if too many are to be dropped.

    Segments are taken in order; a name in braces stands for any one.
    """
    missing, extra, at = 0, 0, 0
    for word in wanted:
        if at < len(asked) and (word.startswith("{") or _same(asked[at], word)):
            at += 1
        elif at + 1 < len(asked) and _same(asked[at + 1], word):
            extra, at = extra + 1, at + 2
        else:
            missing += 1
    extra += len(asked) - at
    return None if extra > _MOST_EXTRA else _MISSING * missing + _EXTRA * extra


def _same(asked: str, word: str) -> bool:
    """Return whether a segment is meant for a word."""
    return any(_close_words(asked, [word]))
