"""Somebody swaps files for links while clients use them: nothing outside is touched.

`DATAPLANE_SWAPS` is how many swaps are made; 10 000 are made by hand.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from falcon.testing import Result

from tests.storage.support import FOLDERS, Storage, bundle
from tests.torture.upload_actor import ENGINE, create, open_storage

SWAPS = int(os.environ.get("DATAPLANE_SWAPS", "1000"))
SECRET = b"the secret of somebody else\n"
INSIDE = {"maps": b"k in\n", "general": b"in\n", "ssl_certificates": bundle("in.example.com")}
NEW = {"maps": b"k new\n", "general": b"new\n", "ssl_certificates": bundle("new.example.com")}
NAMES = {"maps": "swapped.map", "general": "swapped.txt", "ssl_certificates": "swapped.pem"}
SPOE, SPOE_FILE = "/v2/services/haproxy/spoe", "SPOE file"
BACKENDS = "/v2/services/haproxy/configuration/backends"


class Swapper(threading.Thread):
    """Makes a name one link after another, and then a file of its own again."""

    def __init__(self, place: Path, data: bytes, links: Sequence[Path]) -> None:
        super().__init__()
        self._place, self._data, self._links = place, data, links
        self._spare = place.with_name(f".{place.name}.spare")
        self.swaps, self.stop = 0, threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            kind = self.swaps % (len(self._links) + 1)
            if kind == len(self._links):
                self._spare.write_bytes(self._data)
            else:
                self._spare.symlink_to(self._links[kind])
            os.replace(self._spare, self._place)
            self.swaps += 1


@contextmanager
def swapping(*swappers: Swapper) -> Iterator[None]:
    """Have names swapped while the body runs."""
    for one in swappers:
        one.start()
    try:
        yield
    finally:
        for one in swappers:
            one.stop.set()
        for one in swappers:
            one.join()


def links_of(folder: Path, name: str, data: bytes, outside: Path) -> list[Path]:
    """A file inside, one outside that nobody may see or touch, and none."""
    outside.mkdir()
    (outside / "secret").write_bytes(SECRET)
    inner = folder / f"inner-{name}"
    inner.write_bytes(data)
    return [inner, outside / "secret", outside / "gone"]


def ask(swapper: Swapper, requests: Callable[[], Iterator[Result]]) -> set[int]:
    """Send requests until enough was swapped; gives the statuses of the answers, none of which tells a secret."""
    seen: set[int] = set()
    while swapper.swaps < SWAPS:
        for answer in requests():
            seen.add(answer.status_code)
            assert answer.status_code < 500, answer.text
            assert SECRET not in answer.content
    return seen


def assert_untouched(storage: Storage, outside: Path) -> None:
    assert (outside / "secret").read_bytes() == SECRET
    assert os.listdir(outside) == ["secret"]
    assert storage.services.config.file.records.files is not None
    contents = storage.services.config.file.records.files.contents
    kept = (storage.folder / "state/contents").glob("??/*")
    assert all(contents.read(one.name) != SECRET for one in kept)


@pytest.mark.parametrize("kind", FOLDERS)
def test_swapped_links_lead_nobody_out(storage: Storage, tmp_path: Path, kind: str) -> None:
    name, folder = NAMES[kind], storage.folder / FOLDERS[kind]
    links = links_of(folder, name, INSIDE[kind], tmp_path / "outside")
    swapper = Swapper(folder / name, INSIDE[kind], links)

    def requests() -> Iterator[Result]:
        yield storage.send("GET", f"{kind}/{name}")
        yield storage.send("PUT", f"{kind}/{name}", NEW[kind], skip_reload=True)
        yield storage.send("GET", kind)
        yield storage.upload(kind, name, NEW[kind])
        yield storage.send("DELETE", f"{kind}/{name}")

    with swapping(swapper):
        ask(swapper, requests)
    assert_untouched(storage, tmp_path / "outside")


def test_a_swapped_spoe_file_leads_nobody_out(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    create(storage, SPOE_FILE, ENGINE.encode())
    place = tmp_path / "spoe" / "engine.cfg"
    links = links_of(place.parent, place.name, ENGINE.encode(), tmp_path / "outside")
    swapper = Swapper(place, ENGINE.encode(), links)
    made = 0

    def requests() -> Iterator[Result]:
        nonlocal made
        made += 1
        yield (version := storage.send("GET", f"{SPOE}/version", spoe=place.name))
        yield storage.send("GET", f"{SPOE}/spoe_files/{place.name}")
        yield storage.send("GET", f"{SPOE}/spoe_files")
        body = json.dumps({"name": f"message{made}", "args": "ip=src"}).encode()
        number = version.json if version.status_code == 200 else 1
        asked = {"spoe": place.name, "scope": "[engine]", "version": number}
        yield storage.send("POST", f"{SPOE}/spoe_messages", body, "application/json", **asked)
        if made % 10 == 0:
            yield storage.send("DELETE", f"{SPOE}/spoe_files/{place.name}")
            yield create(storage, SPOE_FILE, ENGINE.encode())

    with swapping(swapper):
        seen = ask(swapper, requests)
    assert {200, 404} <= seen
    assert_untouched(storage, tmp_path / "outside")
    texts = (tmp_path / "state" / "spoe").rglob("*")
    assert all(SECRET not in one.read_bytes() for one in texts if one.is_file())


def test_a_swapped_configuration_is_written_where_it_was_read(storage: Storage, tmp_path: Path) -> None:
    text = (tmp_path / "haproxy.cfg").read_bytes()
    marks = {"haproxy.cfg": b"# own\n", "inner.cfg": b"# inner\n", "outside/other.cfg": b"# outside\n"}
    (tmp_path / "outside").mkdir()
    for name, mark in marks.items():
        (tmp_path / name).write_bytes(text + mark)
    links = [tmp_path / name for name in marks if name != "haproxy.cfg"]
    swapper = Swapper(tmp_path / "haproxy.cfg", text + marks["haproxy.cfg"], links)
    made = 0

    def requests() -> Iterator[Result]:
        nonlocal made
        made += 1
        body = json.dumps({"name": f"be{made}"}).encode()
        version = storage.services.config.version()
        yield storage.send("POST", BACKENDS, body, "application/json", version=version)
        yield storage.send("GET", BACKENDS)
        yield storage.send("DELETE", f"{BACKENDS}/be{made}", version=version + 1)

    with swapping(swapper):
        seen = ask(swapper, requests)
    assert 200 in seen
    for name in ("inner.cfg", "outside/other.cfg"):
        found = (tmp_path / name).read_bytes()
        assert [one for one in marks.values() if one in found] == [marks[name]], name
