"""Names that Lua scripts give: which are used, which no script gives, and who asks HAProxy."""

import subprocess
from pathlib import Path

import pytest

from dataplane_core.haproxy import binaries
from dataplane_core.references.existing import reader_of_files
from dataplane_core.references.names_in_files import NamesInFiles, findings_in_files
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from tests.api.support import OWN
from tests.changes.support import V3, WholeApi

SCRIPT = """\
-- core.register_action("no", {"http-req"}, function(txn) end)
--[[ core.register_action("never", {"http-req"}, function(txn) end)
]]
core.register_action("act", {"http-req"}, function(txn) end)
core . register_fetches ('fet', function(txn) return [[core.register_service("text"]] end)
core.register_converters("con", function(s) return s .. "core.register_fetches" end)
core.register_service(
  "srv", "http", function(applet) end)
core.register_task(function() core.msleep(1) end)
"""
TEXT = """\
# _version=4
global
  LOAD FOLDER/a.lua
defaults
  mode http
frontend site
  bind 127.0.0.1:1
  http-request lua.act
  http-request set-header x "%[lua.fet] %[src,lua.con]"
  http-request use-service lua.srv if { lua.fet -m found }
"""
LINES = {"act": (8, 4), "fet": (9, 5), "con": (9, 6), "srv": (10, 8)}
"""The first line that uses each name, and that of the script which gives it."""


@pytest.fixture(scope="module")
def known() -> Registry:
    return register_collections(make_manager())


def lacking(known: Registry, folder: Path, script: str, load: str = "lua-load") -> set[tuple[int, str]]:
    text = TEXT.replace("FOLDER", str(folder)).replace("LOAD", load)
    (folder / "a.lua").write_text(script)
    (folder / "haproxy.cfg").write_text(text)
    read = reader_of_files(folder / "haproxy.cfg", text)
    found = NamesInFiles(known, Document.parse(text, known.language), read).dangling()
    return {(one.line, one.name) for one in found}


@pytest.mark.haproxy
@pytest.mark.parametrize("load", ["lua-load", "lua-load-per-thread"])
@pytest.mark.parametrize("version", sorted(binaries.installed().keys() & {"2.8", "3.2"}))
def test_haproxy_misses_the_same(known: Registry, tmp_path: Path, version: str, load: str) -> None:
    for name in ("", *LINES):
        script = SCRIPT.replace(f'"{name}"', '"other"').replace(f"'{name}'", '"other"')
        found = {name for _, name in lacking(known, tmp_path, script, load)}
        program = [str(binaries.installed()[version]), "-c", "-f", str(tmp_path / "haproxy.cfg")]
        said = subprocess.run(program, capture_output=True, text=True, check=False)
        assert found == ({name} if name else set())
        assert (said.returncode != 0) == bool(name) and (not name or f"lua.{name}" in said.stderr), said.stderr


@pytest.mark.parametrize(
    "more",
    [
        *('require("more")', "dofile('/x.lua')", "local c = core", 'core["register_action"]("x", {}, f)', "load(x)()"),
        *('core.register_action(name, {"http-req"}, f)', 'core.register_action("a" .. "b", {}, f)', "f(_G)"),
        *("local add = core.register_fetches", "core.register_action 'act'", '-- \0', 'core.register_service("a\\98", f)'),
    ],
)  # fmt: skip
def test_what_a_script_may_give_besides_is_unknown(known: Registry, tmp_path: Path, more: str) -> None:
    script = SCRIPT.replace('"act"', '"other"')
    assert lacking(known, tmp_path, script) == {(8, "act")}
    assert lacking(known, tmp_path, f"{script}{more}\n") == set()


def test_nothing_is_known_of_a_very_long_script(known: Registry, tmp_path: Path) -> None:
    assert lacking(known, tmp_path, SCRIPT.replace('"act"', '"other"') + " " * 2**18) == set()


def test_a_script_that_cannot_be_read_gives_all(known: Registry, tmp_path: Path) -> None:
    text = TEXT.replace("FOLDER", str(tmp_path)).replace("LOAD", "lua-load")
    read = reader_of_files(tmp_path / "haproxy.cfg", text)
    assert not [*NamesInFiles(known, Document.parse(text, known.language), read).dangling()]
    document = Document.parse(text.replace("lua-load", "lua-prepend-path"), known.language)
    said = [one.message for one in findings_in_files(known, document, "alert", read)]
    assert said[0] == "no script that is loaded gives lua.act" and len(said) == 5


def test_both_directions_and_what_a_new_name_leaves_to_do(tmp_path: Path) -> None:
    script = tmp_path / "a.lua"
    script.write_text(SCRIPT)
    api = WholeApi(tmp_path, TEXT.replace("FOLDER", str(tmp_path)).replace("LOAD", "lua-load"))
    uses = api.call("GET", f"{OWN}/references", file=str(script)).json["referenced_by"]
    lines = {(use["line"], use["name"]) for use in uses}
    assert lines == {(3, str(script)), *((line, name) for name, (line, _) in LINES.items()), (10, "fet")}
    [use] = api.call("GET", f"{OWN}/references", resource=f"{V3}/frontends/site/http_request_rules/0").json["refers_to"]
    assert use["scripts"] == [{"file": str(script), "line": 4}]
    answer = api.call("POST", f"{OWN}/rename", {"lua": "act", "name": "new"}, version=4)
    assert answer.status_code == 202 and answer.json["scripts"] == [{"file": str(script), "line": 4}]
    found = api.call("GET", f"{OWN}/references/dangling").json["items"]
    assert [(one["line"], one["kinds"], one["name"]) for one in found] == [(8, ["lua"], "new")]


@pytest.mark.parametrize("strictly", [True, False])
def test_who_takes_the_script_away_is_told_who_uses_it(tmp_path: Path, strictly: bool) -> None:
    script = tmp_path / "a.lua"
    script.write_text(SCRIPT)
    (tmp_path / "b.lua").write_text('core.register_action("act", {"http-req"}, function(txn) end)')
    text = TEXT.replace("LOAD FOLDER/a.lua", f"lua-load {tmp_path}/b.lua\n  lua-load {script}")
    settings = {"dataplane__references": "refuse"} if strictly else {}
    api = WholeApi(tmp_path, text, **settings)
    loads = [{"file": f"{tmp_path}/b.lua"}]
    answer = api.call("PUT", f"{V3}/global", {"lua_options": {"loads": loads}}, version=4)
    said = answer.json["message"] if strictly else answer.headers["Warning"]
    assert answer.status_code == (409 if strictly else 202), answer.text
    rule = f"{V3}/frontends/site/http_request_rules"
    for name, users in (("con", [1]), ("fet", [1, 2]), ("srv", [2])):
        shown = ", ".join(f"{rule}/{number}" for number in users)
        assert f"lua.{name} is still named by {shown}" in said
    assert "lua.act" not in said, "another script gives it"
    other = api.call("POST", f"{V3}/backends", {"name": "b"}, version=4 if strictly else 5)
    assert other.status_code == 202 and "Warning" not in other.headers
