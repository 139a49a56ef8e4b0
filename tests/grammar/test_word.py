"""The pattern of one-word properties: what one line says can be given back for another."""

import re

import pytest

from dataplane_core.grammar.values import WORD
from dataplane_core.text import is_one_word


@pytest.mark.parametrize(
    "text", ["a", '"a b"', "'a b'", r"a\ b", 'x"a b"y', r'"a \" b"', "%[src]", "é✓"]
)
def test_what_is_one_word_to_haproxy_fits(text):
    assert is_one_word(text)
    assert re.search(WORD, text)


@pytest.mark.parametrize("text", ["", " ", "a b", "a b#c d", '"a', "'a", "a\\", "a\tb", "a\nb"])
def test_what_is_not_one_word_does_not_fit(text):
    assert not is_one_word(text)
    assert not re.search(WORD, text)
