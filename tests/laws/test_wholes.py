"""Objects made of several sections, and those of other files: put back, they change no byte."""

from pathlib import Path

import pytest

from dataplane_plugins.spoe.routes import collections
from tests.golden.offline import registry
from tests.laws.support import SPELLINGS, Everything, odd

SITES = "/v2/services/haproxy/sites"
SPOE = "/v2/services/haproxy/spoe"
COLLECTIONS = collections(registry(), numbered=True)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_site_put_back_changes_nothing(tmp_path: Path, spelling: str) -> None:
    api = Everything(tmp_path, odd(registry(), SPELLINGS[spelling]))
    before = api.text
    sites = api.get(SITES)
    assert sites
    for site in sites:
        answer = api.call("PUT", f"{SITES}/{site['name']}", site, version=api.version)
        assert answer.status_code in (200, 202), answer.text
        assert api.text == before


def spoe_file(spelling: str) -> str:
    """A file with every example of every declaration, each kind in sections of a few lines."""
    text = "# by hand\n[scope]\n"
    for part in COLLECTIONS:
        examples = [text for one in part.model.statements for text in one.examples]
        lines = dict.fromkeys(map(SPELLINGS[spelling], examples))
        for number, line in enumerate(lines):
            text += f"{part.kind}   x{number}  # beside it\n\t{line}   # why\n    future-keyword  a\n\n"
    return text


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_section_of_a_spoe_file_put_back_changes_nothing(tmp_path: Path, spelling: str) -> None:
    folder = tmp_path / "spoe"
    api = Everything(tmp_path, "global\n", dataplaneapi__resources__spoe_dir=str(folder))
    folder.mkdir(exist_ok=True)
    file = folder / "f.cfg"
    file.write_text(f"# _version=1\n{spoe_file(spelling)}", "utf-8")
    query = {"spoe": "f.cfg", "scope": "[scope]"}
    for name in (one.name for one in COLLECTIONS):
        shown = api.call("GET", f"{SPOE}/{name}", **query).json["data"]
        assert shown
        for one in shown:
            version = api.call("GET", f"{SPOE}/spoe_files/f.cfg").json["_version"]
            answer = api.call("PUT", f"{SPOE}/{name}/{one['name']}", one, version=version, **query)
            assert answer.status_code == 200, answer.text
            assert file.read_text("utf-8").partition("\n")[2] == spoe_file(spelling)
