"""What is an IP address is what Python's library of them takes for one."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.haproxy.live import is_ip

WORDS = [
    "127.0.0.1", "127.1", "01.2.3.4", "256.1.1.1", "1.2.3.4.5", "1.2.3.4%x", "localhost", "",
    "::", "::1", "[::1]", "[::1", "fe80::1%eth0", "fe80::1%", "::1%a%b", "::1%a/b", "::ffff:1.2.3.4",
    "1:2:3:4:5:6:7::", "1::2::3", "12345::", "::01234", "[192.0.2.1]", "1.2.3.4\0", "::\udc80", "1.2.3.4/8",
]  # fmt: skip


def known(text: str) -> bool:
    try:
        ipaddress.ip_address(text[1:-1] if text.startswith("[") else text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("word", WORDS)
def test_words(word: str) -> None:
    assert is_ip(word) is known(word)


@given(st.one_of(st.ip_addresses().map(str), st.text("0123456789abcF.:%[]/-", max_size=20)))
def test_any_word(word: str) -> None:
    assert is_ip(word) is known(word)
