"""Every way of naming a file, held to HAProxy's word: without a file that is named it refuses."""

import pytest

from dataplane_core.references.survey import Mention
from tests.harness.fixtures import one_haproxy
from tests.references.support import accepts, lay_out, mentions, text_of

MAP, PEM = "maps/x.map", "certs/site.pem"
NAMED = {
    "converter": (MAP, "http-request set-var(txn.x) path,map({dir}/maps/x.map)", ""),
    "argument behind": (MAP, "http-request set-var(txn.x) path,map_beg({dir}/maps/x.map,none),lower", ""),
    "blank in an argument": (MAP, "http-request set-var(txn.x) path,map({dir}/maps/x.map,\\ none)", ""),
    "expression": (MAP, 'http-request set-header x "a %[path,map({dir}/maps/x.map, b)] c"', ""),
    "quotes in quotes": (MAP, "http-request set-var(txn.x) 'path,map(\"{dir}/maps/x.map\",\"a b\")'", ""),
    "blank in a folder": ("my maps/x.map", "http-request set-header x \"%[path,map('{dir}/my maps/x.map')]\"", ""),
    "escaped blank": ("my maps/x.map", "acl a path -M -f {dir}/my\\ maps/x.map", ""),
    "quoted": (MAP, "acl a path -M -f '{dir}/maps/x.map'", ""),
    "in pieces": (MAP, "acl a path -M -f {dir}'/maps'/x\"\".map", ""),
    "hexadecimal": (MAP, "acl a path -M -f {dir}/maps/\\x78.map", ""),
    "anonymous condition": (MAP, "http-request deny if { path,map({dir}/maps/x.map) -m found }", ""),
    "list of patterns": ("lists/x.acl", "acl a src -f {dir}/lists/x.acl", ""),
    "second list": ("lists/x.acl", "acl a src -f {dir}/lists/x.acl -f {dir}/lists/x.acl 192.0.2.7", ""),
    "dots": (MAP, "acl a path -M -f {dir}/certs/../maps/./x.map", ""),
    "slashes": (MAP, "acl a path -M -f {dir}//maps///x.map", ""),
    "link": (MAP, "acl a path -M -f {dir}/links/current.map", ""),
    "linked folder": (MAP, "acl a path -M -f {dir}/folder/x.map", ""),
    "working directory": (MAP, "acl a path -M -f maps/x.map", ""),
    "default-path config": (MAP, "acl a path -M -f maps/x.map", "global\n  default-path config"),
    "default-path parent": (MAP, "acl a path -M -f {name}/maps/x.map", "global\n  default-path parent"),
    "default-path origin": (MAP, "acl a path -M -f x.map", "global\n  default-path origin {dir}/maps"),
    "variable": (MAP, 'acl a path -M -f "${HERE}/maps/x.map"', "global\n  setenv HERE {dir}"),
    "variable of the process": (MAP, 'acl a path -M -f "$MAPS_OF_TEST/x.map"', ""),
    "variable's default": (MAP, 'acl a path -M -f "${NOWHERE-{dir}/maps}/x.map"', ""),
    "presetenv": (MAP, 'acl a path -M -f "${HERE}"', "global\n  presetenv HERE {dir}/maps/x.map"),
    "certificate": (PEM, "bind unix@/tmp/b.sock ssl crt {dir}/certs/site.pem", ""),
    "crt-base": (PEM, "bind unix@/tmp/b.sock ssl crt site.pem", "global\n  crt-base {dir}/certs"),
    "ca-base": (PEM, "bind unix@/tmp/b.sock ssl crt {dir}/certs/other.pem verify required ca-file site.pem",
                "global\n  ca-base {dir}/certs"),
    "ca-file": (PEM, "default_backend be\nbackend b2\n  server s 127.0.0.1:9 ssl verify required ca-file {dir}/certs/site.pem", ""),
    "crt-list": ("lists/certs.txt", "bind unix@/tmp/b.sock ssl crt-list {dir}/lists/certs.txt", ""),
    "within a crt-list": (PEM, "bind unix@/tmp/b.sock ssl crt-list {dir}/lists/certs.txt", ""),
    "errorfile": ("errors/503.http", "errorfile 503 {dir}/errors/503.http", ""),
    "body": ("errors/503.http", "http-request return status 200 content-type text/plain file {dir}/errors/503.http", ""),
    "body as a format": ("errors/503.http", "http-request return status 200 content-type text/plain lf-file {dir}/errors/503.http", ""),
    "http-errors": ("errors/503.http", "errorfiles e", "http-errors e\n  errorfile 503 {dir}/errors/503.http"),
    "Lua": ("lua/x.lua", "", "global\n  lua-load {dir}/lua/x.lua"),
    "SPOE": ("spoe/mirror.cfg", "filter spoe engine mirror config {dir}/spoe/mirror.cfg", ""),
    "within SPOE": (MAP, "filter spoe engine mirror config {dir}/spoe/mirror.cfg", ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("named")
    lay_out(found)
    return found


@pytest.fixture(autouse=True)
def surroundings(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MAPS_OF_TEST", str(folder / "maps"))


@pytest.mark.parametrize("case", NAMED)
def test_what_haproxy_needs_is_found(folder, haproxy_program, case):
    file, line, top = NAMED[case]
    text = text_of(folder, line, top)
    maps = {"MAPS_OF_TEST": str(folder / "maps")}
    assert accepts(haproxy_program, folder, text, **maps)
    aside = (folder / file).rename(folder / "aside")
    try:
        assert not accepts(haproxy_program, folder, text, **maps)
        assert mentions(folder, text, file)
    finally:
        aside.rename(folder / file)


NOT_NAMED = {
    "comment": "# acl a path -M -f {dir}/maps/x.map",
    "comment behind": "acl a path /x # {dir}/maps/x.map",
    "another file": "acl a path -M -f {dir}/maps/other.map",
    "a part of its name": "acl a path -M -f {dir}/maps/other.map {dir}/maps/x {dir}/maps/x.map2",
    "another folder": "acl a path /maps/x.map",
    "its name alone": "acl x.map path /x",
    "no file": "http-request set-header x @system-ca",
    "a dollar": "acl a path $HERE/x.map '$MAPS_OF_TEST/x.map'",
}


@pytest.mark.parametrize("case", NOT_NAMED)
def test_what_haproxy_does_not_need_may_go(folder, haproxy_program, case):
    text = text_of(folder, NOT_NAMED[case])
    aside = (folder / "maps/x.map").rename(folder / "aside")
    try:
        assert accepts(haproxy_program, folder, text)
        assert not mentions(folder, text, "maps/x.map")
    finally:
        aside.rename(folder / "maps/x.map")


CAUTIOUS = {
    "a block that does not hold": ".if false\n  acl a path -M -f {dir}/maps/x.map\n  .endif",
    "a variable that is not known": 'acl a path -M -f "${SET_ELSEWHERE}/x.map"',
    "a prefix": "acl a path -M -f opt@{dir}/maps/x.map",
    "a program's option": "default_backend be\nprogram p\n  command /bin/true --map={dir}/maps/x.map",
    "default-path origin of another folder": "acl a path -M -f maps/x.map",
}


@pytest.mark.parametrize("case", CAUTIOUS)
def test_what_may_be_needed_stays(folder, case):
    top = "global\n  default-path origin {dir}" if "origin" in case else ""
    assert mentions(folder, text_of(folder, CAUTIOUS[case], top), "maps/x.map")


def test_where_a_file_is_named(folder):
    text = text_of(folder, "bind unix@/tmp/b.sock ssl crt-list {dir}/lists/certs.txt")
    assert mentions(folder, text, PEM) == [Mention(9, str(folder / "lists/certs.txt"), 2)]
    assert mentions(folder, text, "certs/other.pem") == []  # a comment of the list


def test_a_list_that_is_gone_names_nothing(folder):
    text = text_of(folder, "bind unix@/tmp/b.sock ssl crt-list {dir}/lists/none.txt")
    assert mentions(folder, text, PEM) == []


NEWER = {
    "crt-store": (PEM, "bind unix@/tmp/b.sock ssl crt @s/x", "crt-store s\n  crt-base {dir}/certs\n  load crt site.pem alias x"),
    "file@": (MAP, "acl a path -M -f file@{dir}/maps/x.map", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", NEWER)
def test_what_a_newer_haproxy_needs_is_found(folder, case):
    file, line, top = NEWER[case]
    program, text = one_haproxy("3.2"), text_of(folder, line, top)
    assert accepts(program, folder, text)
    aside = (folder / file).rename(folder / "aside")
    try:
        assert not accepts(program, folder, text)
        assert mentions(folder, text, file)
    finally:
        aside.rename(folder / file)


def test_a_virtual_file_is_none(folder):
    text = text_of(folder, "acl a path -M -f virt@{dir}/maps/x.map")
    assert accepts(one_haproxy("3.2"), folder, text)
    assert mentions(folder, text, MAP) == []
