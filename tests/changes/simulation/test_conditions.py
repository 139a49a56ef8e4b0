"""How rules note that HAProxy came to them: no term is evaluated twice, no condition changes."""

import pytest

from dataplane_plugins.changes.simulation.conditions import named_note, read_notes, with_notes
from tests.changes.simulation.support import SHOP, SimulatingApi


def noted(condition: str, *, skips: bool = False) -> str:
    """The condition of rule 7 with its notes as names."""
    words = " ".join(with_notes(condition.split(), 7, skips=skips, note=named_note))
    return words.replace("var(sess.dpsim_accepted),bool", "ACCEPTED")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", "if dpsim7"),
        ("if", "if"),
        ("unless", "unless"),
        ("if A", "if dpsim7 A dpsim7m"),
        ("if A !B or C", "if dpsim7 A !B dpsim7m || C dpsim7m"),
        ("if { path or } || B", "if dpsim7 { path or } dpsim7m || B dpsim7m"),
        ("unless A || B", "unless dpsim7 A dpsim7n || B dpsim7n"),
        ('if !{ path -m str "||" }', 'if dpsim7 !{ path -m str "||" } dpsim7m'),
    ],
)
def test_notes_stand_where_they_change_nothing(condition: str, expected: str) -> None:
    assert noted(condition) == expected


def test_a_rule_that_is_passed_over_notes_nothing() -> None:
    assert noted("if A or B", skips=True) == (
        "if !{ ACCEPTED } dpsim7 A dpsim7m || !{ ACCEPTED } B dpsim7m"
    )
    assert noted("unless A", skips=True) == "unless { ACCEPTED } || dpsim7 A dpsim7n"
    assert noted("", skips=True) == "if !{ ACCEPTED } dpsim7"


def test_what_was_cut_off_is_no_note() -> None:
    assert read_notes("12m.12.9n.9.1") == {9: "n", 12: "m"}


@pytest.mark.parametrize("words", [50, 52, 53, 54, 55, 56, 57, 58])
def test_long_rules_stay_rules(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str, words: int) -> None:
    """HAProxy takes 64 words in a line, and not one more."""
    api = SimulatingApi(tmp_path_factory.mktemp("long"), haproxy_program)
    paths = " ".join(f"/{number}" for number in range(words))
    text = SHOP.replace("use_backend static if", f"use_backend static if {{ path {paths} }}\n  use_backend static if")
    (result,) = api.ask({"url": "/7"}, text=text)["results"]
    api.close()
    assert result["backend"] == "static"
    states = {one["line"]: one["state"] for one in result["rules"]}
    assert states[18] == "matched" if 5 + words + 1 + 2 <= 64 else 18 not in states
