"""What counts as a number, where it comes from people or over the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.text.numbers import is_digits, parse_integer

NONE = ["", "-", "+1", " 1", "1 ", "1\n", "1_0", "１", "²", "٣", "१", "0x1", "--1", "1.0", "1e2"]


@pytest.mark.parametrize("text", NONE)
def test_what_python_takes_or_nearly(text):
    assert parse_integer(text) is None
    assert not is_digits(text)


@given(st.integers(-(2**63), 2**63 - 1))
def test_what_64_bits_hold(number):
    assert parse_integer(str(number)) == number
    assert is_digits(str(number)) == (number >= 0)


@given(st.integers(2**63).map(str) | st.integers(max_value=-(2**63) - 1).map(str))
def test_what_they_do_not_hold(text):
    assert parse_integer(text) is None


def test_a_number_of_any_length_is_digits():
    assert is_digits("9" * 5000)
    assert parse_integer("9" * 5000) is None
