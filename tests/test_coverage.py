"""What each HAProxy build registers, and whether the API has it."""

import subprocess

import pytest

from dataplane_core.commands.coverage import REFUSED, Coverage
from dataplane_core.haproxy import binaries
from dataplane_core.haproxy.build_keywords import BuildKeyword, keywords
from tests.golden.offline import registry

KNOWN = Coverage(registry())


@pytest.mark.parametrize(
    ("section", "words", "name", "where"),
    [
        ("listen", ("server",), "weight", "servers"),
        ("listen", ("bind", "ssl"), "alpn", "binds"),
        ("listen", ("http-request",), "set-var(", "http_request_rules"),
        ("listen", ("option",), "httplog", "frontends"),
        ("listen", (), "timeout", "defaults"),
        ("crt-list", (), "alpn", "storage/general"),
        ("listen", ("server",), "usesrc", "servers"),
        ("global", (), "maxsslconn", "global"),
        ("listen", ("bind",), "no-such-option", None),
        ("peers", (), "weight", None),
    ],
)
def test_a_keyword_is_found_where_it_is_declared(section, words, name, where):
    (covered,) = KNOWN.of([BuildKeyword("cfg", name, section, words)])
    assert (where in covered.collections) if where else covered.collections == ()


@pytest.mark.parametrize(("section", "name"), sorted(REFUSED))
@pytest.mark.parametrize("branch", ["2.6", "2.8", "3.0", "3.2"])
def test_what_is_not_counted_is_refused_by_every_build(tmp_path, branch, section, name):
    binary = binaries.installed().get(branch)
    if binary is None:
        pytest.skip(f"HAProxy {branch} is not installed: contrib/haproxy-versions fetches it")
    for value in ("1", "30s", "16k", "on"):
        path = tmp_path / "haproxy.cfg"
        path.write_text(f"{section}\n  {name} {value}\n")
        assert subprocess.run([binary, "-c", "-q", "-f", path], capture_output=True).returncode != 0


@pytest.mark.parametrize("branch", ["2.6", "2.8", "3.0", "3.2"])
def test_every_configuration_keyword_of_a_build_is_there(branch):
    binary = binaries.installed().get(branch)
    if binary is None:
        pytest.skip(f"HAProxy {branch} is not installed: contrib/haproxy-versions fetches it")
    covered = KNOWN.of(keywords(binary)["cfg"])
    assert len(covered) > 400
    missing = [
        " ".join((k.section, *k.words, k.name))
        for k in (c.keyword for c in covered if not c.collections)
    ]
    assert missing == []
