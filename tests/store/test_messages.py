import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.errors import Finding
from dataplane_core.store.messages import FINDINGS_LIMIT, findings, one_line, reload_words, summary

CANDIDATE = "/etc/haproxy/.haproxy.cfg.k3j2.tmp"

OF_28 = f"""\
[NOTICE]   (9685) : haproxy version is 2.8.25-5cf5d0683
[NOTICE]   (9685) : path to executable is /usr/sbin/haproxy
[ALERT]    (9685) : config : parsing [{CANDIDATE}:2]: unmatched quote at position 16:
  stats socket "abc
               ^
[ALERT]    (9685) : config : Parsing [{CANDIDATE}:8]: frontend 'x' has the same name as frontend 'x' declared at {CANDIDATE}:4.
[WARNING]  (9685) : config : missing timeouts for frontend 'f'.
   | While not properly invalid, you will certainly encounter various problems
   | with such a configuration.
[ALERT]    (9685) : config : [{CANDIDATE}:12] : 'server b/y' : invalid port '70000'
[ALERT]    (9685) : config : Proxy 'x': unable to find required default_backend: 'nob'.
[ALERT]    (9685) : config : Error(s) found in configuration file : {CANDIDATE}
[ALERT]    (9685) : config : Fatal errors found in configuration.
"""


def test_every_shape_of_message_is_read() -> None:
    assert findings(OF_28, CANDIDATE, "haproxy.cfg") == [
        Finding(2, "alert", 'unmatched quote at position 16:\n  stats socket "abc\n               ^'),
        Finding(8, "alert", "frontend 'x' has the same name as frontend 'x' declared at haproxy.cfg:4."),
        Finding(
            None,
            "warning",
            "missing timeouts for frontend 'f'.\nWhile not properly invalid, you will certainly "
            "encounter various problems\nwith such a configuration.",
        ),
        Finding(12, "alert", "'server b/y' : invalid port '70000'"),
        Finding(None, "alert", "Proxy 'x': unable to find required default_backend: 'nob'."),
    ]


def test_version_3_leaves_out_the_part_config() -> None:
    output = f"[ALERT]    (1) : parsing [{CANDIDATE}:9] : backend 'b', another server named 'x'\n"
    assert findings(output, CANDIDATE, "h.cfg") == [
        Finding(9, "alert", "backend 'b', another server named 'x'")
    ]


@pytest.mark.parametrize(
    "output",
    ["", "Configuration file is valid\n", "Warnings were found.\nConfiguration file is valid\n"],
)
def test_nothing_is_found_in_an_all_clear(output: str) -> None:
    assert findings(output, CANDIDATE, "haproxy.cfg") == []


def test_words_of_another_check_command_are_one_finding() -> None:
    output = f"policy: no backend may be named 'x'\n  see {CANDIDATE}:7\n"
    assert findings(output, CANDIDATE, "haproxy.cfg") == [
        Finding(7, "alert", "policy: no backend may be named 'x'\n  see haproxy.cfg:7")
    ]


@given(st.text())
def test_no_character_of_another_command_is_taken_for_the_file(said: str) -> None:
    output = f"check: \x00:7 {said}".encode("utf-8", "replace").decode("utf-8", "replace")
    found = findings(output, CANDIDATE, "haproxy.cfg")
    assert "haproxy.cfg" not in repr(found)
    assert found[0].line is None
    assert found[0].message.startswith("check: \x00:7")


@given(st.lists(st.sampled_from([*OF_28.splitlines(True), CANDIDATE, "[ALERT] (1) : ", "x\n"])))
def test_the_temporary_path_is_never_told(parts: list[str]) -> None:
    found = findings("".join(parts), CANDIDATE, "haproxy.cfg")
    assert CANDIDATE not in repr(found)


def test_findings_are_bounded() -> None:
    output = f"[ALERT] (1) : config : parsing [{CANDIDATE}:1] : {'x' * 10000}\n" * 1000
    found = findings(output, CANDIDATE, "haproxy.cfg")
    assert len(found) == FINDINGS_LIMIT
    assert all(len(one.message) <= 2000 for one in found)


def test_a_summary_prefers_alerts_and_counts_the_rest() -> None:
    warning = Finding(1, "warning", "odd")
    assert summary([warning, Finding(4, "alert", "bad\n  one"), Finding(None, "alert", "worse")]) == (
        "line 4: bad one; worse"
    )
    assert summary([warning]) == "line 1: odd"
    assert summary([Finding(None, "alert", "x")] * 12, limit=2) == "x; x; and 10 more"


def test_a_reload_is_told_without_the_program() -> None:
    text = "\n[NOTICE]   (1) : haproxy version is 2.8\n[NOTICE]   (1) : path to executable is /x\n"
    assert reload_words(text + "[ALERT]    (1) : config : bad\n") == "bad"


def test_what_a_reload_says_has_no_frame() -> None:
    text = (
        "[NOTICE]   (7) : New worker (8) forked\n"
        "[WARNING]  (7) : config : missing timeouts for backend 'b'.\n"
        "   | While not properly invalid, it is odd.\n"
        "[ALERT]    (7) : config : parsing [/h.cfg:2]: unmatched quote at position 9:\n"
        '  server "x\n         ^\n'
    )
    assert one_line(reload_words(text)) == (
        "missing timeouts for backend 'b'.; While not properly invalid, it is odd.; "
        'parsing [/h.cfg:2]: unmatched quote at position 9:; server "x'
    )
    assert reload_words("New worker (8) forked\nLoading success.\n") == "New worker (8) forked\nLoading success."


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(reload_words(text)).splitlines()) <= 1
