"""Settings in HCL are read without python-hcl2's tables of the whole language."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.settings import hcl_file
from dataplane_core.settings.hcl_grammar import parse_plain, parse_whole

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "config" / "dataplane.hcl"

NAMES = st.sampled_from(["a", "user", "for", "in", "true", "b-c", '"quoted"'])
TEXTS = st.sampled_from(["", "x y", "$${a}", "${b}", "%%{c}", "\\n\\u0041", "#", "//", "{"])
VALUES = st.recursive(
    st.one_of(
        st.integers().map(str), st.floats(0, 1e6).map(lambda one: f"{one:.3f}"),
        st.sampled_from(["true", "false", "null", "word", "<<E\nx\nE\n", "<<-E\n  x\n  E\n"]),
        TEXTS.map(lambda one: f'"{one}"'),
    ),
    lambda inner: st.one_of(
        st.lists(inner).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(NAMES, inner)).map(
            lambda pairs: "{" + ", ".join(f"{name} = {value}" for name, value in pairs) + "}"
        ),
    ),
    max_leaves=6,
)  # fmt: skip
LINES = st.one_of(
    st.tuples(NAMES, VALUES).map(" = ".join),
    st.sampled_from(["", "# comment", "// comment", "/* some\n comment */", "}", "b {", 'b "l" {']),
    st.sampled_from(["a = 1 + 2", "a = f(1)", "a = b.c", "a = (1)", "a = -1", 'a = "${b + 1}"']),
)


def read(parse, text):
    """What is read of a text by one of the parsers; None where that one cannot parse it."""
    try:
        tree = parse(text)
    except Exception:
        return None
    if tree is None:
        return None
    try:
        return hcl_file._TreeReader(text).body(hcl_file._branches(tree)[0], 1, "")
    except hcl_file.SyntaxProblem as problem:
        return problem.line, problem.key, problem.message


@given(st.lists(LINES, max_size=5).map("\n".join))
def test_what_the_plain_parser_takes_means_what_the_whole_language_says(text):
    plain = read(parse_plain, text + "\n")
    assert plain is None or plain == read(parse_whole, text + "\n")


def test_the_sample_needs_no_table_of_the_whole_language(monkeypatch):
    def refuse(text):
        raise AssertionError("the whole language was asked")

    monkeypatch.setattr(hcl_file, "parse_whole", refuse)
    names = [entry.key for entry in hcl_file.read_hcl(SAMPLE.read_text("utf-8")).entries]
    assert {"dataplaneapi", "haproxy"} <= set(names)
    (text,) = hcl_file.read_hcl('name = "${a} of $${b}"\n').entries
    assert text.value.text == "${a} of ${b}"


def test_more_than_plain_values_is_still_told_by_the_whole_language():
    with pytest.raises(hcl_file.SyntaxProblem, match="is not a plain value"):
        hcl_file.read_hcl("name = 1 + 2\n")


def test_reading_a_file_writes_none(tmp_path):
    # A copy of python-hcl2 without its cache: whatever wants the tables would write them there.
    code = (
        "import shutil, sys, pathlib, importlib.util as u\n"
        "found = pathlib.Path(u.find_spec('hcl2').origin).parent\n"
        f"shutil.copytree(found, {str(tmp_path / 'hcl2')!r},"
        " ignore=shutil.ignore_patterns('.lark*', '__pycache__'))\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import hcl2, json; from dataplane_core.settings import load\n"
        f"load(['-f', {str(SAMPLE)!r}], {{}})\n"
        "print(json.dumps([hcl2.__file__, *map(str, pathlib.Path(hcl2.__file__).parent.rglob('*.bin'))]))"
    )
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [str(tmp_path / "hcl2" / "__init__.py")]
