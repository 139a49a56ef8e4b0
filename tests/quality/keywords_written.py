"""Import every plugin's module afresh, and print as JSON in which modules each keyword is written.

Two objects: `lines`, by the words that a line starts with; `arguments`, by those words and a
keyword or action behind them. The module is the one in whose code the keyword stands as text.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import CodeType, FrameType
from typing import Any

from dataplane_core.grammar.dispatch import Case
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.grammar.statements import LineForm

PACKAGE = "dataplane_plugins."
SHORTEST_PART = 4
"""Letters of a text that count as a part of a keyword, where a helper composes the keyword."""


def texts(code: CodeType) -> Iterator[str]:
    """Return the strings that stand in a piece of code."""
    pending: list[Any] = list(code.co_consts)
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, tuple | frozenset):
            pending.extend(one)


def calling_frames() -> Iterator[FrameType]:
    """Return the frames of plugins' code that led here, up to the module that is imported."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(PACKAGE):
            yield frame
            if frame.f_code.co_name == "<module>":
                return
        frame = frame.f_back


def module_of(keyword: str, frames: Iterable[FrameType]) -> str:
    """Return the module in which a keyword stands whole, or else in parts, or that is imported."""
    frames = list(frames)
    for stands in (whole_or_template, part):
        for frame in frames:
            if any(stands(keyword, text) for text in texts(frame.f_code)):
                return str(frame.f_globals["__name__"])
    return str(frames[-1].f_globals["__name__"]) if frames else ""


def whole_or_template(keyword: str, text: str) -> bool:
    """Return whether a text is the keyword, perhaps with its arguments: `set-map({…})`."""
    return text.startswith(keyword) and text[len(keyword) :][:1] in ("", "(", "{", "[", ".")


def part(keyword: str, text: str) -> bool:
    """Return whether a helper may have made the keyword of the text."""
    return len(text) >= SHORTEST_PART and text in keyword


def words_of(one: Any) -> list[str]:
    """Return the keywords that an object of the grammar declares."""
    if isinstance(one, LineForm):
        return [" ".join(one.head)]
    if isinstance(one, Case):
        return [one.head.stem] if one.head.stem else []
    return list(one.words)


WRITTEN: dict[int, dict[str, str]] = {}
OBJECTS: list[Any] = []


def record(kind: type) -> None:
    """Note for each new object of a class which module its keywords stand in."""
    begin = kind.__init__

    def noting(self: Any, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        frames = list(calling_frames())
        WRITTEN[id(self)] = {word: module_of(word, frames) for word in words_of(self)}
        OBJECTS.append(self)

    kind.__init__ = noting  # type: ignore[misc]


def inside(one: Any, seen: set[int]) -> Iterator[Any]:
    """Return the parameters and cases in a term, however deep."""
    if id(one) in seen:
        return
    seen.add(id(one))
    if isinstance(one, ParameterKeyword | Case):
        yield one
    if isinstance(one, dict):
        parts: Iterable[Any] = one.values()
    elif isinstance(one, tuple | list):
        parts = one
    elif type(one).__module__.startswith("dataplane_"):
        parts = getattr(one, "__dict__", {}).values()
    else:
        return
    for part in parts:
        yield from inside(part, seen)


def main() -> None:
    for kind in (LineForm, Case, ParameterKeyword):
        record(kind)
    for module in import_module("dataplane_plugins").PLUGINS.values():
        import_module(module)
    lines, arguments = defaultdict(set), defaultdict(set)
    for form in [one for one in OBJECTS if isinstance(one, LineForm)]:
        for head, module in WRITTEN[id(form)].items():
            lines[head].add(module)
            for part in inside(form.term, set()):
                for word, where in WRITTEN.get(id(part), {}).items():
                    arguments[f"{head} … {word}"].add(where)
    found = {"lines": lines, "arguments": arguments}
    show = {
        what: {word: sorted(filter(None, where)) for word, where in words.items()}
        for what, words in found.items()
    }
    json.dump(show, sys.stdout)


if __name__ == "__main__":
    main()
