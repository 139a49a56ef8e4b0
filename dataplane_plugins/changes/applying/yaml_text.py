"""Read a desired state in YAML 1.2 into the values that JSON has."""

from typing import Any

from yaml import MappingNode, MarkedYAMLError, ScalarNode, YAMLError

from dataplane_core.plugin import BadRequest, TooLarge, compose_yaml, scalar_kind

_DEEPEST = 32
_MOST = 200_000
_SIGNS = ("\n", ",", "[", "{", ": ", "- ")
_WORDS = {"true": True, "false": False}


def parse_yaml(text: str, what: str = "the desired state") -> Any:
    """Return the value that a document is; raises `BadRequest` for one that JSON could not say.

    `what` is what errors call the document.

    One with more than 200 000 words and signs is refused: each is a thousand bytes of memory while
    it is read. An alias is refused: what a few lines of them stand for can fill any memory.
    """
    if sum(map(text.count, _SIGNS)) > _MOST:
        raise TooLarge(f"{what} has more than {_MOST} lines, words and signs of YAML")
    try:
        root = compose_yaml(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1})" if mark else ""
        raise BadRequest(f"{what} is not YAML: {error.problem}{where}") from None
    except (YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise BadRequest(f"{what} is not YAML: {error}"[:200]) from None
    return None if root is None else _Values(what).of(root, 0)


class _Values:
    """Makes values of nodes, each of which is met once."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._met: set[int] = set()

    def of(self, node: Any, depth: int) -> Any:
        """Return the value of a node."""
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if id(node) in self._met:
            raise self._refusal(node, "has an alias, which is not taken here")
        self._met.add(id(node))
        if depth > _DEEPEST:
            raise self._refusal(node, f"is nested more than {_DEEPEST} levels deep")
        if isinstance(node, MappingNode):
            return {self._key(key): self.of(value, depth + 1) for key, value in node.value}
        return [self.of(item, depth + 1) for item in node.value]

    def _key(self, node: Any) -> str:
        if not isinstance(node, ScalarNode):
            raise self._refusal(node, "has a key that is not a word")
        return str(node.value)

    def _scalar(self, node: Any) -> Any:
        text, kind = str(node.value), scalar_kind(node)
        try:
            if kind == "boolean":
                return _WORDS[text.lower()]
            if kind == "integer":
                return _whole_number(text.replace("_", ""))
            if kind == "float":
                return float(text.replace("_", ""))
        except (KeyError, ValueError):
            raise self._refusal(node, f"has a value that cannot be read: {text[:40]!r}") from None
        return None if kind == "null" else text

    def _refusal(self, node: Any, said: str) -> BadRequest:
        return BadRequest(f"{self._what} {said} (line {node.start_mark.line + 1})")


def _whole_number(text: str) -> int:
    if len(text) > 20:
        raise ValueError(text)
    try:
        return int(text, 0)
    except ValueError:
        return int(text)
