"""The facts of HAProxy's sections, asked of HAProxy itself."""

import re
import subprocess
from pathlib import Path

import pytest

from dataplane_core.text.language import (
    BACKENDS,
    FRONTENDS,
    INHERITING,
    LISTEN,
    LISTEN_PARTS,
    NAMELESS,
    SECTION_ORDER,
    TABLES,
)

TIMEOUTS = "defaults\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n"
BODIES = {"ring": "  size 32768\n", "fcgi-app": "  docroot /\n"}


class Asked:
    """What HAProxy says of a text."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._file = program, folder / "haproxy.cfg"

    def __call__(self, text: str) -> str:
        """What HAProxy refuses a text for; empty where it takes the text."""
        return self.words(text, only_refused=True)

    def words(self, text: str, *, only_refused: bool = False) -> str:
        self._file.write_text(text)
        command = [self._program, "-c", "-f", str(self._file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.stderr if done.returncode or not only_refused else ""


@pytest.fixture
def refusal(haproxy_program: str, tmp_path: Path) -> Asked:
    return Asked(haproxy_program, tmp_path)


@pytest.mark.haproxy
@pytest.mark.parametrize("kind", SECTION_ORDER)
def test_proxies_alone_look_for_the_defaults_that_they_inherit(refusal: Asked, kind: str) -> None:
    said = refusal(f"{TIMEOUTS}{kind} x from nowhere\n{BODIES.get(kind, '')}")
    assert bool(re.search("defaults section 'nowhere'", said)) is (kind in INHERITING), said


@pytest.mark.haproxy
@pytest.mark.parametrize("kind", [*sorted(INHERITING), "global", "peers", "resolvers", "cache", "userlist", "mailers"])
def test_others_need_a_name(refusal: Asked, kind: str) -> None:
    assert (refusal(f"{kind}\n") == "") is (kind in NAMELESS)


@pytest.mark.haproxy
@pytest.mark.parametrize("kind", ["frontend", "backend", "listen", "peers", "defaults", "resolvers", "ring"])
def test_where_a_stick_table_can_be(refusal: Asked, kind: str) -> None:
    line = "table t type ip size 1k" if kind == "peers" else "stick-table type ip size 1k"
    mine = f"{TIMEOUTS}{kind} x\n  {line}\n{BODIES.get(kind, '')}"
    assert ("stick-table" not in refusal(mine)) is (kind in TABLES)


@pytest.mark.haproxy
@pytest.mark.parametrize("kind", [*sorted(LISTEN_PARTS), LISTEN])
def test_who_has_servers_and_who_listens(refusal: Asked, kind: str) -> None:
    server, bind = (refusal.words(f"{TIMEOUTS}{kind} x\n  mode tcp\n  {line}\n")
                    for line in ("server s 127.0.0.1:1", "bind 127.0.0.1:65123"))  # fmt: skip
    assert ("'server'" not in server) is (kind in BACKENDS)
    assert ("'bind'" not in bind) is (kind in FRONTENDS)
