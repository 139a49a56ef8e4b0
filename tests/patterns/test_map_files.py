"""What runs, put into a map's file: order, comments and spacing stay."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.errors import Conflict, Invalid, NotFound, VersionMismatch
from dataplane_core.store import State
from dataplane_plugins.patterns import map_files
from dataplane_plugins.patterns.map_files import (
    MapFiles,
    check_map_entry,
    parse_map_file,
    rewrite_map_file,
    values_by_key,
)
from dataplane_plugins.patterns.pattern_lists import PatternList, parse_pattern_lists

TEXT = "# first\nk1 v1\n\n  k2\t v2 and more  \nk1 again\n#end\nk3 v3"
KEYS = st.text("abc/%;<\"'é", min_size=1, max_size=3)
VALUES = st.text("xyz \\;<#\"é", min_size=1, max_size=6).filter(lambda text: text == text.strip(" "))
PAIRS = st.lists(st.tuples(KEYS, VALUES), max_size=8)


def reference(file, number="1"):
    return PatternList(number, str(file), "pattern loaded")


def test_what_is_said_already_leaves_every_byte():
    assert rewrite_map_file(TEXT + "\n", values_by_key(parse_map_file(TEXT))) == TEXT + "\n"


def test_changes_keep_what_is_around_them():
    wanted = {"k1": ["one", "again"], "k2": ["v2 and more"], "k4": ["v 4"]}
    assert rewrite_map_file(TEXT, wanted) == (
        "# first\nk1 one\n\n  k2\t v2 and more  \nk1 again\n#end\nk4 v 4\n"
    )


def test_only_what_changed_is_brought():
    wanted = {"k1": ["one"], "k9": ["v9"]}
    assert rewrite_map_file(TEXT, wanted, {"k3", "k9"}) == TEXT.replace("k3 v3", "k9 v9\n")


@given(PAIRS, PAIRS, st.lists(st.sampled_from(["", "# note", "   ", "\t#x"]), max_size=4))
def test_a_file_says_what_was_wanted_and_its_comments_stay(old, new, comments):
    lines = [f"{key} {value}" for key, value in old]
    for place, comment in enumerate(comments):
        lines.insert(place * 2, comment)
    text = "".join(f"{line}\n" for line in lines)
    fresh = rewrite_map_file(text, values_by_key(new))
    assert values_by_key(parse_map_file(fresh)) == values_by_key(new)
    kept = [line for line in fresh.splitlines() if not line.strip() or line.strip()[0] == "#"]
    assert kept == comments[: len(kept)] and len(kept) == len(comments)
    assert rewrite_map_file(fresh, values_by_key(new)) == fresh


@pytest.mark.parametrize(
    ("key", "value"),
    [("", "v"), ("k", ""), ("a b", "v"), ("#k", "v"), ("k", " v"), ("k", "v "), ("k\n", "v"),
     ("k", "v\nx y"), ("k\t", "v"), ("k", "v\x00")],
)  # fmt: skip
def test_what_no_file_could_say_is_refused(key, value):
    with pytest.raises(Invalid):
        check_map_entry(key, value)


@pytest.mark.parametrize("value", ["a b", "a;b", "<<", "x <<", '"q"', "\\", "a\\ b", "#", "é", "'"])
def test_what_a_file_can_say_is_taken(value):
    check_map_entry("k;<\"'\\é", value)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "maps").mkdir()
    return MapFiles(tmp_path / "maps", State(tmp_path / "state"))


def test_which_map_a_name_means(files):
    inside, outside = reference(files.folder / "a.map"), reference("/elsewhere/a.map", "2")
    other = reference("/elsewhere/b.map", "3")
    found = [outside, inside, other]
    assert files.choose(found, "a.map") is inside
    assert files.choose(found, "/elsewhere/a.map") is outside
    assert files.choose(found, "b.map") is other
    assert files.choose(found, "3") is other
    assert [files.manages(one) for one in found] == [False, True, False]
    with pytest.raises(Conflict, match="by its path"):
        files.choose([other, reference("/more/b.map")], "b.map")
    with pytest.raises(NotFound):
        files.choose(found, "c.map")


def test_only_regular_files_inside_are_written(files, tmp_path):
    (files.folder / "a.map").write_text("k v\n")
    (tmp_path / "out.map").write_text("k v\n")
    (files.folder / "link.map").symlink_to(tmp_path / "out.map")
    os.mkfifo(files.folder / "fifo.map")
    paths = {name: files.path(reference(files.folder / name)) for name in os.listdir(files.folder)}
    assert {name for name, path in paths.items() if path} == {"a.map"}
    assert files.path(reference(files.folder / ".." / "out.map")) is None
    assert files.path(reference(files.folder / "none.map")) is None


def test_a_file_is_written_only_when_it_changes(files):
    path = files.folder / "a.map"
    path.write_text("k v\n")
    before = path.stat().st_ino
    assert not files.write(path, {"k": ["v"]})
    assert path.stat().st_ino == before
    assert not files.wrote_last(path)
    assert files.write(path, {"k": ["w"]})
    assert files.wrote_last(path)
    path.write_text("k x\n")
    assert not files.wrote_last(path)


def test_a_list_of_maps():
    answer = (
        "# id (file) description\n"
        "3 (/m/a b.map) pattern loaded from file '/m/a b.map' used by map at file 'h.cfg' line 9."
        " curr_ver=1 next_ver=2 entry_cnt=3\n"
        "1 () acl 'src' file 'h.cfg' line 10. curr_ver=0 next_ver=0 entry_cnt=0\n"
    )
    loaded, inline = parse_pattern_lists(answer)
    assert (loaded.id, loaded.file, loaded.label) == ("3", "/m/a b.map", "/m/a b.map")
    assert loaded.counts == ("1", "2", "3")
    assert (inline.file, inline.label) == ("", "src")


def test_what_a_person_writes_meanwhile_is_not_overwritten_unseen(tmp_path, monkeypatch):
    path, read, edits = tmp_path / "hosts.map", map_files.read_file, iter(["k2 by hand\n"])
    path.write_text("k1 v1\n")

    def read_and_edit(one):
        found = read(one)
        for line in edits:
            path.write_bytes(found[0] + line.encode())
        return found

    monkeypatch.setattr(map_files, "read_file", read_and_edit)
    files = MapFiles(tmp_path, State(tmp_path / "state"))
    assert files.write(path, {"k1": ["now"]}, {"k1"})
    assert path.read_text() == "k1 now\nk2 by hand\n"


def test_a_file_that_is_written_again_and_again_is_left_to_who_does(tmp_path, monkeypatch):
    path, read = tmp_path / "hosts.map", map_files.read_file
    path.write_text("k1 v1\n")

    def read_and_edit(one):
        found = read(one)
        path.write_bytes(found[0] + b"# more\n")
        return found

    monkeypatch.setattr(map_files, "read_file", read_and_edit)
    files = MapFiles(tmp_path, State(tmp_path / "state"))
    with pytest.raises(VersionMismatch):
        files.write(path, {"k1": ["now"]}, {"k1"})
    assert path.read_text().startswith("k1 v1\n# more\n")
