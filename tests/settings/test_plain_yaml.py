"""Settings in plain YAML are read without the library, and as the library reads them."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataplane_core.settings.nodes import SyntaxProblem
from dataplane_core.settings.plain_yaml import read_plain
from dataplane_core.settings.yaml_file import read_yaml

WRITTEN = """\
# the settings
dataplaneapi:
  host: 0.0.0.0   # all
  port: 5555
  scheme: [http, https]
  user:
  - name: admin
    password: $6$ab$cd/e.
    insecure: false
  -   name: 'it''s'
      password: "with # and: colon"
  tls: {tls_port: 6443,
        # the file
        tls_certificate: /etc/ssl/a.pem}
  resources:

    maps_dir: ~
    spoe_dir:
haproxy:
  reload:
      reload_delay: 250ms
      reload_cmd: systemctl reload haproxy:x #1
log_targets:
  - log_to: stdout
    log_types:
    - access
    - app
  - {log_to: "file"}
"""


def library(text: str) -> object:
    try:
        return read_yaml(text)
    except SyntaxProblem:
        return None


def test_what_is_written_most_often_needs_no_library() -> None:
    for text in (WRITTEN, (Path(__file__).parents[2] / "config" / "dataplane.yaml").read_text("utf-8")):
        assert read_plain(text) == read_yaml(text)
    tree = {"a": {"b": [1, "x", {"c": "d, {e}"}], "f": ""}, "g": [], "h": {}, "i": None, "j": -1.5}
    for indent in (None, 1, 4):
        text = json.dumps(tree, indent=indent)
        assert read_plain(text) == read_yaml(text)


PIECES = [
    "\n", "\n", "\n", " ", "  ", "    ", "- ", "-", "a", "b: ", "c:", "key: value", "name: x", "'", '"', "'q'", '"q"', "''",
    "{", "}", "[", "]", ",", ", ", ":", ": ", "#", " # c", "~", "null", "true", "012", "1_0", "1.5", "1e3", "-3", "+_1", "_1",
    ".5", ".inf", "-.nan", "0x1f", "0o17", "2001-02-03", "1h", "10.0.0.1:80", "<<", "=", "&a ", "*a", "!t ", "|", ">", "%", "@",
    "?", "? ", "---", "...", "\t", "\\", "\\n", "é", "\ufeff", "\x85", "$6$x", "/p", "a#b", "a b", "--", "(x)", "`",
]  # fmt: skip
LINES = [
    "a: 1", "b:", "- x", "- a: 1", "-", "c: {d: e}", "{", "}", "[", "]", '"k": "v",', '"k": "v"', "k: v,", "# c", "", "d: 'x' # y",
    "- [1, 2]", "- # x", "e: # x", "--- ", "---", "f: - x", "g: a: b", "h: x:", "- - x", "'i': j", "text", "l: [a,", "b]", "m: {",
    "- {a: b}", "n: x #y", "o:  ", "p:x", "q : r", "s: }", "t: [a]b", "u: {a: b} c", '"v": [1,', "w: \"a", "x\"", "y: [a, ]",
]  # fmt: skip
LINE = st.builds(lambda indent, line: " " * indent + line, st.sampled_from([0, 0, 0, 1, 2, 2, 3, 4]), st.sampled_from(LINES))


@given(st.lists(LINE, max_size=9).map("\n".join) | st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("a: {\nb: c\n}\n")
@example("- # c\n- x\n")
@example("a:\n  - b:\n    - c\n  - d:\n  e: f\n")
def test_all_else_is_left_to_the_library(text: str) -> None:
    plain = read_plain(text)
    assert plain is None or plain == library(text), text


@given(st.data())
def test_settings_with_a_fault_somewhere(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(WRITTEN)))
    end = data.draw(st.integers(at, min(len(WRITTEN), at + 3)))
    text = WRITTEN[:at] + data.draw(st.sampled_from([*PIECES, ""])) + WRITTEN[end:]
    plain = read_plain(text)
    assert plain is None or plain == library(text), text


@pytest.mark.parametrize("depth", [15, 16, 17, 500, 5000])
def test_nesting(depth: int) -> None:
    block = "\n".join(" " * n + "a:" for n in range(depth)) + " 1"
    for text in (block, '{"a":' * depth + "1" + "}" * depth):
        plain = read_plain(text)
        assert (plain is None) == (depth > 16)
        assert plain is None or plain == read_yaml(text)
