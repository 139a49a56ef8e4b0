"""Words in quotes, and numbers with zeros in front: they are read as HAProxy reads them, and stay."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.haproxy import binaries
from dataplane_core.text import split_words, unquote
from tests.laws.lines import Sample, accepted, body, model_of, samples

PROGRAM = binaries.installed().get("2.8")
HERE = pytest.mark.skipif(PROGRAM is None, reason="HAProxy 2.8 is not here; `embedded` has it")
NUMBER = re.compile(r"[1-9][0-9]*")


def respelled(one: Sample) -> Iterator[str]:
    """The line with one word in quotes, or with a zero in front of one number."""
    words = split_words(one.text)
    for at, word in enumerate(words):
        if not set("\"'\\") & set(word):
            yield " ".join([*words[:at], f'"{word}"', *words[at + 1 :]])
        if NUMBER.fullmatch(word):
            yield " ".join([*words[:at], f"0{word}", *words[at + 1 :]])


def meant(value: Any) -> Any:
    """A value with its strings as HAProxy sees them; numbers among their words lose zeros in front."""
    if isinstance(value, dict):
        return {name: meant(item) for name, item in value.items()}
    if isinstance(value, list):
        return [meant(item) for item in value]
    if not isinstance(value, str):
        return value
    return " ".join(re.sub(r"^0+(?=[1-9][0-9]*$)", "", unquote(word)) for word in split_words(value))


@pytest.mark.haproxy
@HERE
def test_a_line_in_another_spelling_says_the_same_and_stays(tmp_path: Path) -> None:
    made = [(one, [line]) for one in samples() for line in respelled(one)]
    taken = accepted(str(PROGRAM), tmp_path, made)
    assert sum(taken) > 3500
    for (one, (line,)), good in zip(made, taken, strict=True):
        if not good:
            continue
        model, section = model_of(one), body(line)
        shown = model.read(section)
        assert meant(shown) == meant(model.read(body(one.text))), f"{line} reads otherwise"
        assert model.put(section, shown) is section, f"{line} does not stay"


@pytest.mark.parametrize(
    ("line", "name", "shown", "value", "after"),
    [
        ('timeout client "5s"', "client_timeout", 5000, 6000, "timeout client 6000"),
        ("timeout client 15min", "client_timeout", 900_000, 5, "timeout client 5"),
        ("timeout client 1m30s", "client_timeout", 60_000, 5, "timeout client 5"),
        ('maxconn "10"', "maxconn", 10, 11, "maxconn 11"),
        ("maxconn 010", "maxconn", 10, 11, "maxconn 11"),
        ('mode "http"', "mode", "http", "tcp", "mode tcp"),
        ('balance "roundrobin"', "balance.algorithm", "roundrobin", "first", "balance first"),
        ('"maxconn" 10', "maxconn", 10, 11, "maxconn 11"),
    ],
)  # fmt: skip
def test_a_value_in_quotes_is_shown_and_can_be_changed(line, name, shown, value, after):
    one = next(
        one for one in samples() if one.text.split()[:-1] == [unquote(w) for w in line.split()[:-1]]
        and name in one.reading.values
    )  # fmt: skip
    model, section = model_of(one), body(line)
    assert model.read(section)[name] == shown
    changed = model.put(section, {**model.read(section), name: value})
    assert changed.text == body(after).text
    assert model.put(section, {**model.read(section), name: shown}) is section


def test_what_stays_on_a_changed_line_keeps_its_spelling():
    one = next(one for one in samples() if one.text.startswith("http-request return"))
    model = model_of(one)
    section = body('http-request return status "200" content-type "text/plain" string x "if" TRUE')
    changed = model.put(section, {**model.read(section), "return_content": "y"})
    assert changed.text == section.text.replace("string x", "string y")
