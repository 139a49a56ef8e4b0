"""`global`: values with two spellings, switches that only stand or not, and the first line."""

import pytest

from dataplane_core.text import Document
from dataplane_core.text.language import Language
from dataplane_plugins.configuration.globals.global_ import GLOBAL
from tests.laws.support import Everything


def section(*lines):
    text = "global\n" + "".join(f"  {line}\n" for line in lines)
    return Document.parse(text, Language({"global"})).sections[0]


def lines(after):
    return [line.raw.strip() for line in after.lines if line.raw.strip()]


def test_the_keyword_that_counts_from_there_on_stands_first():
    after = GLOBAL.put(
        section("daemon", "tune.fd.edge-triggered on"),
        {"daemon": "enabled", "expose_experimental_directives": True}
        | {"tune_options.fd_edge_triggered": "enabled"},
    )
    assert lines(after)[0] == "expose-experimental-directives"


def test_a_setting_with_two_names_is_shown_under_both_and_taken_under_either():
    both = {"tune_options.ssl_default_dh_param": 2048, "tune_ssl_default_dh_param": 2048}
    assert GLOBAL.read(section("tune.ssl.default-dh-param 2048")) == both
    for name in both:
        assert lines(GLOBAL.put(section(), {name: 4096})) == ["tune.ssl.default-dh-param 4096"]
    (problem,) = GLOBAL.problems({**both, "tune_ssl_default_dh_param": 1024})
    assert (problem.code, problem.path) == (422, "tune_ssl_default_dh_param")


@pytest.mark.parametrize(("given", "word"), [("on", "on"), ("enabled", "on"), ("auto", "auto")])
def test_profiling_is_taken_in_both_spellings(given, word):
    after = GLOBAL.put(section(), {"profiling_tasks": given})
    assert lines(after) == [f"profiling.tasks {word}"]
    shown = {"on": "enabled", "enabled": "enabled", "auto": "auto"}[given]
    assert GLOBAL.read(after) == {"profiling_tasks": shown}


@pytest.mark.parametrize("name", ["daemon", "ssl_mode_async", "log_send_hostname.enabled"])
def test_disabled_is_no_line(name):
    assert lines(GLOBAL.put(section(), {name: "disabled"})) == []


def test_setting_a_switch_replaces_the_line_that_unsets_it():
    start = section("no strict-limits # for tests", "daemon")
    assert GLOBAL.read(start) == {"daemon": "enabled"}
    assert GLOBAL.put(start, {"daemon": "enabled"}) is start
    after = GLOBAL.put(start, {"daemon": "enabled", "strict_limits": True})
    assert lines(after) == ["strict-limits # for tests", "daemon"]


def test_words_behind_master_worker_stay():
    start = section("master-worker no-exit-on-failure")
    assert GLOBAL.read(start) == {"master-worker": True}
    assert GLOBAL.put(start, {"master-worker": True}) is start


def test_lua_memory_is_a_number_beside_the_switch_of_the_interface():
    start = section("tune.lua.maxmem 100")
    values = GLOBAL.read(start)
    assert values == {"tune_options.lua_maxmem": True, "tune_options.lua_maxmem_megabytes": 100}
    (problem,) = GLOBAL.problems({"tune_options.lua_maxmem": True})
    assert (problem.code, problem.path) == (602, "tune_options.lua_maxmem_megabytes")


@pytest.mark.parametrize(
    ("line", "milliseconds", "seconds"),
    [("300", 300_000, 300), ("5m", 300_000, 300), ("1500ms", 1500, 2)],
)
def test_the_life_of_sessions_is_in_seconds_only_in_version_2(tmp_path, line, milliseconds, seconds):
    api = Everything(tmp_path, f"global\n  tune.ssl.lifetime {line} # why\n")
    told = api.get("global")
    assert told["tune_options"] == {"ssl_lifetime": seconds}
    assert GLOBAL.read(section(f"tune.ssl.lifetime {line}")) == {
        "tune_options.ssl_lifetime": milliseconds
    }
    before = api.text
    api.change("PUT", "global", told)
    assert api.text == before
    api.change("PUT", "global", {**told, "tune_options": {"ssl_lifetime": 7}})
    assert "tune.ssl.lifetime 7 # why" in api.text


def test_clients_find_some_objects_with_nothing_in_them(tmp_path):
    text = "backend a\n  option httpchk\nbackend b\n  option httpchk GET /\nbackend c\n  option redis-check\n"
    api = Everything(tmp_path, text)
    always = {"device_atlas_options", "fifty_one_degrees_options", "tune_options", "wurfl_options"}
    assert api.get("global") == {name: {} for name in always}
    shown = {one["name"]: one.get("httpchk_params") for one in api.get("backends")}
    assert shown == {"a": {}, "b": {"method": "GET", "uri": "/"}, "c": None}
    api.change("PUT", "global", {"maxconn": 9, "tune_options": {"bufsize": 99}})
    told = api.get("global")
    assert (told["maxconn"], told["tune_options"], told["wurfl_options"]) == (9, {"bufsize": 99}, {})
    before = api.text
    api.change("PUT", "global", told)
    assert api.text == before
