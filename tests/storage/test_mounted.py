"""Stored files that are mounted by themselves: nothing can replace them, and whoever asks is told why."""

import subprocess

import pytest

from dataplane_core.commands.doctor import diagnose
from dataplane_core.commands.overview import overview
from tests.storage.support import Storage
from tests.store.test_in_place import mount


@pytest.fixture
def storage(tmp_path):
    """Storage with a map that is a mount of a file elsewhere."""
    (tmp_path / "outside.map").write_text("a b\n")
    storage = Storage(tmp_path)
    (tmp_path / "maps" / "hosts.map").touch()
    mount(tmp_path / "outside.map", tmp_path / "maps" / "hosts.map")
    yield storage
    subprocess.check_call(["umount", str(tmp_path / "maps" / "hosts.map")])


def test_a_change_of_a_mounted_file_is_refused_with_the_remedy(storage, tmp_path):
    path = "maps/hosts.map"
    for answer in (storage.send("PUT", path, b"c d\n"), storage.send("DELETE", path)):
        assert answer.status_code == 409, answer.text
        assert "mount its folder instead" in answer.json["message"]
    assert (tmp_path / "outside.map").read_text() == "a b\n"
    assert [one.name for one in (tmp_path / "maps").iterdir()] == ["hosts.map"]


def test_status_and_doctor_name_a_mounted_file(storage, tmp_path):
    path = str(tmp_path / "maps" / "hosts.map")
    assert any(one.topic == "mount" and path in one.text for one in overview(storage.services))
    assert any(path in one.what and "mounted" in one.what for one in diagnose(storage.services.settings))
