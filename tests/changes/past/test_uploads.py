"""What was uploaded is kept before it is answered, each content once, in the order in which it came."""

from pathlib import Path
from typing import Any

import pytest

from dataplane_core.errors import StorageFull
from dataplane_core.store.contents import Contents
from tests.api.support import OWN
from tests.changes.whole import Whole

STORAGE = "/v3/services/haproxy/storage"
FOLDERS = {"maps_dir": "maps", "ssl_certs_dir": "ssl", "general_storage_dir": "general", "spoe_dir": "spoe"}
PLACES = {"maps": "maps/a.map", "general": "general/a.map"}
TEXT = {"Content-Type": "text/plain"}
BYTES = {"Content-Type": "application/octet-stream"}


def body(name: str, data: bytes) -> tuple[bytes, dict[str, str]]:
    part = f'--BB\r\nContent-Disposition: form-data; name="file_upload"; filename="{name}"\r\n\r\n'
    return part.encode() + data + b"\r\n--BB--\r\n", {"Content-Type": "multipart/form-data; boundary=BB"}


class Uploads(Whole):
    def __init__(self, folder: Path) -> None:
        for name in FOLDERS.values():
            (folder / name).mkdir()
        super().__init__(folder, **{f"dataplaneapi__resources__{n}": str(folder / p) for n, p in FOLDERS.items()})
        self.services = self.app.services
        assert self.own("history")[0]["version"] == 1

    def post(self, kind: str, name: str, data: bytes) -> Any:
        raw, headers = body(name, data)
        return self.call("POST", f"{STORAGE}/{kind}", raw=raw, headers=headers)

    def put(self, kind: str, name: str, data: bytes) -> Any:
        headers = BYTES if kind == "general" else TEXT
        if kind == "general":
            raw, headers = body(name, data)
            return self.call("PUT", f"{STORAGE}/{kind}/{name}", raw=raw, headers=headers)
        return self.call("PUT", f"{STORAGE}/{kind}/{name}", raw=data, headers=headers)

    def contents(self, at: str = "each") -> list[bytes | None]:
        files = self.services.config.file.records.files
        return [files.contents.read(one["sha256"]) for one in self.own("history/newest/files", at=at)]


@pytest.fixture
def api(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path)


@pytest.mark.parametrize("kind", PLACES)
def test_each_content_is_kept_at_once_and_one_that_is_the_same_is_not(api: Uploads, kind: str) -> None:
    assert api.post(kind, "a.map", b"a one\n").status_code == 201
    for data in (b"a two\n", b"a two\n", b"a three\n", b"a one\n"):
        answer = api.put(kind, "a.map", data)
        assert answer.status_code in (200, 202, 204), answer.text
    assert api.contents() == [b"a one\n", b"a two\n", b"a three\n", b"a one\n"]
    assert api.contents("left") == [b"a one\n"]
    assert api.call("DELETE", f"{STORAGE}/{kind}/a.map").status_code in (202, 204)
    assert api.contents("left") == [] and len(api.contents()) == 4
    rows = api.services.state.read("SELECT kept FROM file_states WHERE late")
    assert [row["kept"] for row in rows][-1] == "gone"
    api.weigh("be1", "s1", 7)
    assert api.contents("found") == []
    back = api.call("POST", f"{OWN}/history/1/rollback", files="left")
    assert back.status_code in (200, 202)


def test_where_a_content_cannot_be_kept_nothing_has_changed(api: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    api.post("maps", "a.map", b"a one\n")

    def full(self: Contents, data: bytes) -> str:
        raise StorageFull("there is no space left for what files held")

    monkeypatch.setattr(Contents, "keep", full)
    assert api.put("maps", "a.map", b"a two\n").status_code == 507
    assert api.post("maps", "b.map", b"b one\n").status_code == 507
    maps = api.file.parent / "maps"
    assert [one.name for one in maps.iterdir()] == ["a.map"] and (maps / "a.map").read_bytes() == b"a one\n"


def test_of_one_file_a_hundred_contents_stay(api: Uploads) -> None:
    files = api.services.config.file.records.files
    path = str(api.file.parent / "maps" / "a.map")
    for number in range(105):
        with files.kept(path, b"%d" % number, lambda: 1):
            Path(path).write_bytes(b"%d" % number)
    assert api.contents() == [b"%d" % number for number in range(5, 105)]
