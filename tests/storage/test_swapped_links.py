"""Somebody swaps a file of the storage for links while clients use it: nothing outside is touched.

`DATAPLANE_SWAPS` is how many swaps are made; 10 000 are made by hand.
"""

import os
import threading

import pytest

from tests.storage.support import FOLDERS, bundle

SWAPS = int(os.environ.get("DATAPLANE_SWAPS", "1000"))
SECRET = b"the secret of somebody else\n"
INSIDE = {"maps": b"k in\n", "general": b"in\n", "ssl_certificates": bundle("in.example.com")}
NEW = {"maps": b"k new\n", "general": b"new\n", "ssl_certificates": bundle("new.example.com")}
NAMES = {"maps": "swapped.map", "general": "swapped.txt", "ssl_certificates": "swapped.pem"}


class Swapper(threading.Thread):
    """Makes a name of a folder a link to a file inside, one to a file outside, a folder, a file."""

    def __init__(self, folder, name, data, outside):
        super().__init__()
        self.place, self.data, self.outside = folder / name, data, outside
        self.spare = folder / f".{name}.spare"
        self.inner = folder / f"inner-{name}"
        self.swaps, self.stop = 0, threading.Event()

    def run(self):
        self.inner.write_bytes(self.data)
        while not self.stop.is_set():
            kind = self.swaps % 4
            if kind == 3:
                self.spare.write_bytes(self.data)
            else:
                to = (self.inner, self.outside / "secret", self.outside / "gone")[kind]
                self.spare.symlink_to(to)
            os.replace(self.spare, self.place)
            self.swaps += 1


@pytest.mark.parametrize("kind", FOLDERS)
def test_swapped_links_lead_nobody_out(storage, tmp_path, kind):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(SECRET)
    name = NAMES[kind]
    swapper = Swapper(storage.folder / FOLDERS[kind], name, INSIDE[kind], outside)
    swapper.start()
    seen, requests = set(), 0
    try:
        while swapper.swaps < SWAPS:
            answers = [
                storage.send("GET", f"{kind}/{name}"),
                storage.send("PUT", f"{kind}/{name}", NEW[kind], skip_reload=True),
                storage.send("GET", kind),
                storage.upload(kind, name, NEW[kind]),
                storage.send("DELETE", f"{kind}/{name}"),
            ]
            requests += len(answers)
            for answer in answers:
                seen.add(answer.status_code)
                assert answer.status_code < 500, answer.text
                assert SECRET not in answer.content
    finally:
        swapper.stop.set()
        swapper.join()
    assert (outside / "secret").read_bytes() == SECRET
    assert os.listdir(outside) == ["secret"]
    kept = storage.folder / "state/contents"
    assert storage.services.config.file.records.files is not None
    contents = storage.services.config.file.records.files.contents
    assert all(contents.read(one.name) != SECRET for one in kept.glob("??/*"))
