"""The names that declarations find in a line are those that HAProxy misses there.

Each name of each example gets a name that no other has. HAProxy has to take the line where all is
there that the line names; where one of these things is missing, it has to refuse the line and to
call it by its name.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane_core.haproxy import binaries
from dataplane_core.testing.judging import Piece, verdicts
from tests.laws.names_of_examples import Example, Wanted, example, naming, prepare, text

PROGRAMS = binaries.installed()
SAMPLES = naming()
NEVER_TAKEN = {
    "filter opentracing id tracer config ot.cfg": "the file is in a language of its own",
    "force-be-switch unless is_guest": "HAProxy has the keyword since 3.4",
    "http-after-response set-map(/etc/names.map) %[src] %[path]": "there is no path any more then",
    "tcp-request session attach-srv srv1 name ssl_c_s_dn": "it wants a server of another kind",
}
"""Examples that no HAProxy takes here."""
NOT_ASKED = {
    "httpclient.resolvers.id x": "with several such lines in a file, HAProxy looks at the last one",
    "httpclient.ssl.ca-file x": "with several such lines in a file, HAProxy looks at the last one",
    "stats scope shop": "the page shows the proxies that there are",
    "http-request set-map(/etc/names.map) %[src] %[path]": "nothing is changed while it runs",
    "log ring@requests len 4096 profile short local1 info": "HAProxy looks for both when it starts",
}
"""Examples for whose names HAProxy does not look with `-c`."""

WITHOUT_NAME = ("error encountered while processing 'spoe'", "expects a directory path")
"""Words of HAProxy about a file that is missing, without the file's name."""


def pieces(version: str, folder: Path) -> Iterator[tuple[Piece, Example, Wanted | None]]:
    """Each example with all that it names, and once without each of these."""
    agents, number = "tcp" if version < "3.1" else "spop", 0
    for sample in SAMPLES:
        for which in range(-1, len(example(0, sample).wanted)):
            number += 1
            one = example(number, sample)
            missing = None if which < 0 else one.wanted[which]
            yield Piece(sample.family, number, text(number, one, missing, folder, agents)), one, missing


def judged(version: str, folder: Path) -> Iterator[tuple[Example, Wanted | None, str]]:
    """HAProxy's words on each of them, "" where it takes the line."""
    prepare(folder)
    made = list(pieces(version, folder))
    refused = verdicts(str(PROGRAMS[version]), folder, [piece for piece, _, _ in made])
    for piece, one, missing in made:
        yield one, missing, refused.get(piece.number, "")


@pytest.mark.haproxy
def test_haproxy_misses_what_is_named(tmp_path: Path) -> None:
    everywhere: set[str] = set()
    for version in PROGRAMS:
        folder = tmp_path / version
        folder.mkdir()
        found = list(judged(version, folder))
        taken = {one.sample.text for one, missing, words in found if missing is None and not words}
        everywhere |= taken
        for one, missing, words in found:
            if missing is None or one.sample.text not in taken or one.sample.text in NOT_ASKED:
                continue
            name = missing.called or missing.holder
            said = name in words or any(one in words for one in WITHOUT_NAME)
            what = f"{one.line} without {missing.name.kinds[0]} {name}"
            assert said, f"HAProxy {version} says of {what}: {words or 'nothing'}"
    if len(PROGRAMS) < 4:
        pytest.skip("some of the HAProxy versions are not installed here")
    assert {sample.text for sample in SAMPLES} - everywhere == NEVER_TAKEN.keys()


def test_there_are_names_of_all_kinds() -> None:
    kinds = {name.name.kinds[0] for sample in SAMPLES for name in example(0, sample).wanted}
    assert kinds >= {
        *("acl", "backend", "cache", "certificate", "crt-store", "engine", "fcgi-app", "file"),
        *("filter", "frontend", "group", "http-errors", "log-profile", "lua", "mailers", "peers"),
        *("pattern list", "resolvers", "ring", "server", "spoe-group", "table", "user", "userlist"),
        "acme",
    }
