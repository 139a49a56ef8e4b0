"""Changes of a file shown to HAProxy in another place: it says what it would say of the change."""

import errno
import os
from pathlib import Path

import pytest

from dataplane_core.errors import StorageFull
from dataplane_core.references.shadow import shadows
from tests.references.support import accepts, lay_out, mentions, survey, text_of
from tests.references.test_survey import NAMED

OTHERS = {
    "a folder of certificates": ("alone/site.pem", "bind unix@/tmp/b.sock ssl crt {dir}/alone", ""),
    "a folder in a base directory": ("alone/site.pem", "bind unix@/tmp/b.sock ssl crt alone", "global\n  default-path config"),
    "a key beside": ("keys/site.pem.key", "bind unix@/tmp/b.sock ssl crt {dir}/keys/site.pem", ""),
    "a key in the place of the certificate": ("keys/only.key", "bind unix@/tmp/b.sock ssl crt {dir}/keys/only.crt",
                                              "global\n  ssl-load-extra-del-ext"),
    "a module of Lua": ("lua/module.lua", "", "global\n  lua-prepend-path {dir}/lua/?.lua\n  lua-load {dir}/lua/main.lua"),
}  # fmt: skip
CASES = {**NAMED, **OTHERS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("shown")
    lay_out(found)
    whole = (found / "certs/site.pem").read_bytes()
    at = whole.index(b"-----BEGIN PRIVATE")
    (found / "keys").mkdir()
    for name, data in {
        "site.pem": whole[:at],
        "site.pem.key": whole[at:],
        "only.crt": whole[:at],
        "only.key": whole[at:],
    }.items():
        (found / "keys" / name).write_bytes(data)
    (found / "lua/main.lua").write_text("require('module')\n")
    (found / "lua/module.lua").write_text("return {}\n")
    return found


@pytest.fixture(autouse=True)
def surroundings(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MAPS_OF_TEST", str(folder / "maps"))


@pytest.mark.parametrize("case", CASES)
def test_haproxy_sees_the_change(folder, haproxy_program, case):
    file, line, top = CASES[case]
    text, path = text_of(folder, line, top), folder / file
    around = sorted(os.listdir(path.parent))
    copy = folder / "copy"
    copy.write_bytes(path.read_bytes())
    assert next(survey(folder, text, file).users(), None) is not None
    told = []
    with shadows(survey(folder, text, file)) as ways:
        for shadow in ways:
            assert len(shadow.text.splitlines()) == len(text.splitlines())
            verdicts = []
            for candidate in (copy, None, path):
                shadow.show(candidate)
                maps = {"MAPS_OF_TEST": str(folder / "maps")}
                verdicts.append(accepts(haproxy_program, folder, shadow.text, **maps))
            told.append(verdicts)
            assert shadow.original(shadow.text).count(".tmp") == 0
    assert [True, False, True] in told
    assert told[0] == [True, False, True] or len(told) == 2
    assert sorted(os.listdir(path.parent)) == around


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_not_named_is_judged_by_haproxy_alone(folder, case):
    file, line, top = OTHERS[case]
    assert mentions(folder, text_of(folder, line, top), file) == []


def test_a_failure_names_the_file_that_is_meant(folder, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    text = text_of(folder, "acl a path -M -f {dir}/maps/x.map")
    monkeypatch.setattr(Path, "symlink_to", full)
    with shadows(survey(folder, text, "maps/x.map")) as ways, pytest.raises(StorageFull) as failed:
        next(ways).show(folder / "maps/other.map")
    assert failed.value.message == f"{folder}/maps/x.map cannot be checked: No space left on device"
