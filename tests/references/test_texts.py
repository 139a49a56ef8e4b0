"""Where words stand in a text, and how often a text is read for them."""

import os
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.references import used_files
from dataplane_core.references.survey import Configuration
from dataplane_core.references.texts import TextFile, read_up_to
from tests.storage.support import Storage

WORDS = st.lists(st.text("ab_.é", min_size=1, max_size=3), max_size=4)
TEXT = "# _version=30\nglobal\n  maxconn 10\n"


@given(WORDS, st.text("ab_.é \n", max_size=30))
def test_each_line_with_a_wanted_word_is_looked_at(wanted, text):
    words = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") for word in wanted]
    lines = [line for line in text.split("\n") if any(word.search(line) for word in words)]
    told = [line for line in lines if line.strip()]
    found = {name.line for name in TextFile("/x.cfg", text).near(wanted, {})}
    assert [text.split("\n")[number - 1] for number in sorted(found)] == told


def test_each_text_is_read_once_for_several_files(tmp_path, monkeypatch):
    read = []

    class Counted(Configuration):
        def __init__(self, config_file, text):
            read.append(text)
            super().__init__(config_file, text)

    monkeypatch.setattr(used_files, "Configuration", Counted)
    storage = Storage(tmp_path)
    config = tmp_path / "haproxy.cfg"
    config.write_text(TEXT)
    version = storage.send("GET", "/v2/services/haproxy/configuration/version").json
    storage.services.config.file.accept(version)
    raw = f"/v2/services/haproxy/configuration/raw?version={version}"
    assert storage.send("POST", raw, f"{TEXT}\n  nbthread 2\n".encode()).status_code == 202
    for number in range(4):  # the text that HAProxy has loaded may come back: it is looked into, too
        assert storage.upload("maps", f"m{number}.map", b"k v\n").status_code == 201
        assert storage.send("DELETE", f"maps/m{number}.map").status_code == 204
    assert len(read) == len(set(read)) == 2


def test_a_file_is_read_up_to_its_size(tmp_path: Path) -> None:
    plain, huge = tmp_path / "plain", tmp_path / "huge"
    plain.write_bytes(b"nbsrv(shop)")
    huge.touch()
    os.truncate(huge, 5 << 40)
    assert read_up_to(str(plain), 11) == b"nbsrv(shop)"
    assert read_up_to(str(plain), 10) is read_up_to(str(huge), 1 << 20) is read_up_to("/dev/zero", 1) is None
    assert not read_up_to("/proc/self/pagemap", 1 << 20)
