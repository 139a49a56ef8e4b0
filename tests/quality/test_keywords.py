"""Each keyword of HAProxy is written in one module of the plugins; the exceptions say why."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.harness.recorded import TOP

WRITTEN = Path(__file__).with_name("keywords_written.py")
RULES = ("http-request", "http-response", "http-after-response", "tcp-request", "tcp-response")

OTHER_SECTION = (
    "HAProxy has the keyword in sections of several kinds, in each with a meaning of its own, and "
    "the interface with another property, limit or help text"
)
SPOE = "a SPOE file is another document, in which the words of haproxy.cfg are an agent's"
LINES = {
    **dict.fromkeys(
        (
            *("backlog", "crt-base", "description", "disabled", "enabled", "group", "key-base"),
            *("load-server-state-from-file", "log-tag", "maxconn", "stats maxconn"),
            *("timeout client", "timeout connect", "timeout server", "trace", "user"),
        ),
        OTHER_SECTION,
    ),
    **dict.fromkeys(("maxconnrate", "no option dontlog-normal", "option dontlog-normal"), SPOE),
}
"""Words that lines in several modules start with, each with the reason."""

BARE = "without an argument the action is nothing but its name, which a rule set has or has not"
ACTIONS = {
    **dict.fromkeys(("accept", "allow", "reject"), BARE),
    "content": "the place of a rule; `tcp-request` and `tcp-response` have other actions there",
    **dict.fromkeys(
        ("set-dst", "set-dst-port"),
        "the specification lists the two in another order for each rule set; "
        "`with_expression` declares what stands behind both",
    ),
}
"""Actions that several modules write, each with the reason."""


ARGUMENTS = dict.fromkeys(
    ("http-request … prefix", "http-response … prefix"),
    "that of `redirect` is a part of a URL, that of `add-headers-bin` and `set-headers-bin` is put "
    "in front of the names of fields",
)
"""Words behind those that a line starts with which several modules write, each with the reason."""


@cache
def written() -> dict[str, dict[str, list[str]]]:
    """Return the modules of each keyword, found in a process that imports them afresh."""
    command = [sys.executable, str(WRITTEN)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return found


def several(modules: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the keywords that stand in more than one module."""
    return {keyword: found for keyword, found in modules.items() if len(found) > 1}


def test_the_lines_of_a_keyword_are_declared_in_one_module() -> None:
    assert len(written()["lines"]) > 500
    assert several(written()["lines"]).keys() == LINES.keys()


def test_an_argument_of_a_line_is_declared_in_one_module() -> None:
    assert len(written()["arguments"]) > 1000
    assert several(written()["arguments"]).keys() == ARGUMENTS.keys()


def test_an_action_of_several_rule_sets_is_declared_in_one_module() -> None:
    actions: dict[str, list[str]] = {}
    for line, modules in written()["arguments"].items():
        head, _, action = line.partition(" … ")
        if head in RULES:
            actions[action] = sorted({*actions.get(action, ()), *modules})
    assert several(actions).keys() - ACTIONS.keys() == {line.partition(" … ")[2] for line in ARGUMENTS}
    assert ACTIONS.keys() <= several(actions).keys()
