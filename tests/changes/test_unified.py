"""Differences of texts as `diff -u` has them."""

import subprocess
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataplane_plugins.changes.unified import unified_diff

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "- x\n"]), max_size=30)
ENDS = st.sampled_from(["", "end", "other end"])


def patched(text: str, patch: str, folder: Path) -> str:
    (folder / "text").write_bytes(text.encode())
    (folder / "patch").write_bytes(patch.encode())
    command = ["patch", "--quiet", "text", "patch"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "text").read_bytes().decode() if (folder / "text").exists() else ""


@given(LINES, ENDS, LINES, ENDS)
@example([], "", ["a\n"], "")
@example(["a\n"], "", [], "")
@example(["a\n"], "b", ["a\n", "b\n"], "")
@settings(max_examples=40)
def test_patch_makes_the_one_of_the_other(tmp_path_factory, old, end, new, other_end):
    before, after = "".join(old) + end, "".join(new) + other_end
    found = unified_diff(before, after)
    if before == after:
        assert found == ""
    else:
        assert patched(before, found, tmp_path_factory.mktemp("patch")) == after


def test_a_change_in_a_long_text_has_three_lines_around():
    lines = [f"{n}\n" for n in range(1000)]
    other = [*lines[:500], "new\n", *lines[501:]]
    found = unified_diff("".join(lines), "".join(other), ("version 1", "version 2")).splitlines()
    assert found[:3] == ["--- version 1", "+++ version 2", "@@ -498,7 +498,7 @@"]
    assert found[3:] == [" 497", " 498", " 499", "-500", "+new", " 501", " 502", " 503"]


def test_lines_that_change_in_their_places_are_said_there():
    lines = [f"{n}\n" for n in range(100)]
    other = [f"new {line}" if line in ("3\n", "4\n", "50\n") else line for line in lines]
    found = unified_diff("".join(lines), "".join(other)).splitlines()[2:]
    assert found[0] == "@@ -1,8 +1,8 @@" and found[9 + 2] == "@@ -48,7 +48,7 @@"
    assert [line for line in found if line[0] in "+-"] == ["-3", "-4", "+new 3", "+new 4", "-50", "+new 50"]
