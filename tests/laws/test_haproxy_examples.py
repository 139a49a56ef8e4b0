"""The configurations that HAProxy's packages, its manual and the recorded cases bring along.

Each loads as it stands; and HAProxy says the same of a file before and after all that GET returned
was put back over HTTP. What that does to the bytes, the tests of the corpus hold.
"""

import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane_core.haproxy import binaries
from dataplane_core.resources.collections import SingleSection
from dataplane_core.testing.judging import check
from dataplane_core.text import Document
from tests.golden.offline import GOLDEN, registry
from tests.laws.support import Everything, places

DOCUMENTATION = Path("/usr/share/doc/haproxy")
MANUALS = ("configuration", "intro", "management", "SPOE")
LANGUAGE = registry().language
SECTION = re.compile(
    rf"( *)({'|'.join(map(re.escape, LANGUAGE.kinds))})( +[\w<>-]+(?:[.:][\w-]+)*)?( +from +[\w-]+)?( +#.*)?"
)


def packaged() -> Iterator[tuple[str, str]]:
    """Files of Debian's packages, and of the recorded cases."""
    folders = (DOCUMENTATION / "examples", Path("/etc/haproxy"), GOLDEN / "files")
    for folder in folders:
        for path in sorted(folder.glob("*.cfg")):
            if not path.read_text().lstrip().startswith("["):  # SPOE has files of its own
                yield path.name, path.read_text()


def manual() -> Iterator[tuple[str, str]]:
    """Examples of the manual: what stands indented from the start of a section on."""
    for name in MANUALS:
        path = DOCUMENTATION / f"{name}.txt.gz"
        lines = gzip.decompress(path.read_bytes()).decode().splitlines() if path.exists() else []
        end = 0
        for at, line in enumerate(lines):
            start = SECTION.fullmatch(line)
            if start and start[1] and at >= end:
                example = list(_example(lines[at:], len(start[1])))
                end = at + len(example)
                yield f"{name}:{at + 1}", "\n".join(example) + "\n"


def _example(lines: list[str], indent: int) -> Iterator[str]:
    """The lines from the start of a section on, to where the text stands further left."""
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            return
        yield line[indent:]


EXAMPLES = dict([*packaged(), *manual()])
HERE = bool(DOCUMENTATION.exists())


def test_the_packages_are_here() -> None:
    if not HERE:
        pytest.skip("Debian's haproxy and haproxy-doc are not installed: apt-get install them")
    assert sum(":" in name for name in EXAMPLES) > 50
    assert sum(":" not in name for name in EXAMPLES) >= 7


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_loads_as_it_stands(name: str) -> None:
    text = EXAMPLES[name]
    assert Document.parse(text, LANGUAGE).text() == text


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """One server, whose file becomes one example after the other."""
    made = tmp_path_factory.mktemp("examples")
    if (GOLDEN / "files").exists():
        shutil.copytree(GOLDEN / "files", made / "files")
    return Everything(made, "global\n")


def put_back_everything(api: Everything) -> None:
    """PUT what GET says of each section and row."""
    before, version = api.text, api.version
    for one in api.registry.collections.values():
        if "replace" not in one.operations:
            continue
        if isinstance(one, SingleSection) and not api.app.services.config.snapshot().document.of_kind(
            one.kind
        ):
            continue
        for path, query in list(places(api, one)):
            body = api.get(path, **query)
            if one.name == "users" and "password" not in body:
                continue  # HAProxy takes a user without a password, the interface requires one
            answer = api.call("PUT", path, body, version=version, **query)
            assert answer.status_code in (200, 202), f"PUT {path} {query}: {answer.text}"
            assert api.text == before, f"PUT {path} {query}"
            version += 1


PROGRAMS = binaries.installed()


@pytest.mark.haproxy
@pytest.mark.parametrize("branch", PROGRAMS)
@pytest.mark.parametrize("name", [name for name in EXAMPLES if ":" not in name])
def test_haproxy_says_the_same_before_and_after(api: Everything, name: str, branch: str) -> None:
    api.file.write_text(EXAMPLES[name].replace("@FILES@", str(api.file.parent / "files")))
    before = _said(PROGRAMS[branch], api.file)
    put_back_everything(api)
    assert _said(PROGRAMS[branch], api.file) == before


def _said(program: Path, path: Path) -> tuple[bool, list[str]]:
    """HAProxy's verdict and words, without the numbers of lines: the version's line comes on top."""
    accepted, found = check(str(program), path)
    return accepted, [re.sub(r":[0-9]+", "", f"{one.severity} {one.message}") for one in found]
