"""Credentials are found in one go over a text, whatever it is: anybody may send any request."""

import time

import pytest

from dataplane_core.text.credentials import conceal, conceal_queries

HOSTILE = [
    ("", "?token"),
    ("?", "token"),
    ("", "?a"),
    ("", "&"),
    ("?", "password"),
    ("?hdr(", "token"),
    ("?", "hdr"),
    ("?", "hdr(cookie"),
    ("?", "hdr(cookie),"),
    ("?hdr(cookie) a", " "),
    ("?hdr(cookie)", " -m a"),
    ("?token:", "\\ "),
    ("?token", " "),
    ("", "://a"),
    ("?AUTH", " "),
]


@pytest.mark.parametrize(("begin", "again"), HOSTILE)
def test_a_text_costs_its_length(begin: str, again: str) -> None:
    def seconds(length: int) -> float:
        text = begin + again * (length // len(again)) + "{"
        began = time.process_time()
        conceal(text)
        conceal_queries(text)
        return time.process_time() - began

    short = min(seconds(2000) for _ in range(3))
    assert min(seconds(32_000) for _ in range(3)) < 80 * (short + 0.0005)  # 16 times as long


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/a?url=http://b?token=hunter2&c=d", "/a?url=http://b?token=***&c=d"),
        ("/a?token&password=hunter2", "/a?token&password=***"),
        ("/a?token=", "/a?token="),
        ("/a?b?my-token=hunter2", "/a?b?my-token=***"),
        ("/a?hdr(cookie)=b", "/a?hdr(cookie)=b"),
        ("acl a req.fhdr(cookie),lower -m str -i hunter2 hunter3 }", "acl a req.fhdr(cookie),lower -m str -i *** }"),
        ("acl a hdr_sub(x-token,1) hunter2", "acl a hdr_sub(x-token,1) ***"),
        ("http://me:hunter2@a?token#://=@", "http://***@a?token#://***@"),
    ],
)  # fmt: skip
def test_credentials_are_found_behind_one_another(text: str, shown: str) -> None:
    assert conceal(text) == shown
