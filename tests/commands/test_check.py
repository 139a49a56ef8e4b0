"""`dataplane check` where HAProxy gives up at a line, and what our own reading finds then."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dataplane_core.commands.group import main
from dataplane_core.resources.reading import own_findings
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from tests.harness.fixtures import one_haproxy
from tests.harness.recorded import TOP

BROKEN = """\
# _version=7
defaults
  mode htp
frontend f
  bind 127.0.0.1:1
  use_backend nix if here or !there { path /a } || TRUE METH_GET
  use_backend %[path] if here
  acl here path /x
  bogus 1
  default_backend zz
  http-request track-sc0 src table tt
  log-format "unclosed
listen l from nodef
  stick-table type ip size 1k peers pp
  server s 127.0.0.1:2 resolvers rr
  server t 127.0.0.1:2 resolvers default
  stick on src table l
  http-request deny if missing
.if feature(OPENSSL)
  use_backend inside
.endif
"""
WANTED = {
    6: {"there is no section backend or listen nix", "there is no acl there in this section"},
    9: {"this server cannot read the line, and HAProxy may refuse it: bogus"},
    10: {"there is no section backend or listen zz"},
    11: {"there is no section backend or frontend or listen or peers tt"},
    12: {"a quote or a backslash is not closed on this line"},
    13: {"there is no section defaults nodef, which this one is from"},
    14: {"there is no section peers pp"},
    15: {"there is no section resolvers rr"},
    18: {"there is no acl missing in this section"},
    20: {"there is no section backend or listen inside"},
}


@pytest.fixture(scope="module")
def registry():
    return register_collections(make_manager())


def found(registry, text: str) -> dict[int, set[str]]:
    lines: dict[int, set[str]] = {}
    for one in own_findings(registry, Document.parse(text, registry.language)):
        lines.setdefault(one.line, set()).add(one.message)
    return lines


def test_every_name_without_a_section_is_found(registry):
    own = found(registry, BROKEN)
    own.pop(3, None)  # what HAProxy tells of it differs by version, and so may our reading
    assert own == WANTED
    document = Document.parse(BROKEN, registry.language)
    notices = [one.line for one in own_findings(registry, document) if one.severity == "notice"]
    assert notices[-2:] == [9, 20]  # of a conditional block nobody but HAProxy knows


@pytest.mark.haproxy
@pytest.mark.parametrize("version", ["2.6", "2.8", "3.0", "3.2"])
def test_what_haproxy_gave_up_on_is_read_by_us(tmp_path, version):
    path = tmp_path / "h.cfg"
    path.write_text(BROKEN)
    argv = ["check", str(path), "--json", "-b", one_haproxy(version)]
    told = json.loads(CliRunner().invoke(main, argv, catch_exceptions=False).stdout)
    assert told["accepted"] is False
    assert told["findings"][-1]["message"].startswith("HAProxy gave up while it read the file")
    lines = {one["line"] for one in told["findings"]}
    assert set(WANTED) <= lines
    section = {one["line"]: one["section"] for one in told["findings"]}
    assert (section[10], section[13], section[18]) == ("frontend f", "listen l", "listen l")


@pytest.mark.haproxy
@pytest.mark.parametrize("version", ["2.8", "3.2"])
def test_a_file_that_was_read_to_its_end_gets_no_notice(tmp_path, version):
    path = tmp_path / "h.cfg"
    path.write_text(
        "defaults\n  mode http\n  timeout client 1s\nfrontend f\n  bind 127.0.0.1:1\n"
        "  default_backend zz\n"
    )
    output = CliRunner().invoke(main, ["check", str(path), "-b", one_haproxy(version)]).output
    assert "required default_backend" in output
    assert "gave up" not in output
    assert "there is no section" not in output


def accepted() -> list[Path]:
    """Configurations that HAProxy takes."""
    packaged = sorted(Path("/usr/share/doc/haproxy/examples").rglob("*.cfg"))
    return [TOP / "config" / "haproxy.cfg", *packaged]


@pytest.mark.parametrize("path", accepted(), ids=lambda path: path.name)
def test_of_what_haproxy_takes_nothing_is_called_wrong(registry, path):
    text = path.read_text("utf-8", "surrogateescape")
    document = Document.parse(text, registry.language)
    assert [one for one in own_findings(registry, document) if one.severity == "alert"] == []


def test_names_that_only_the_running_process_knows_are_none_of_ours(registry):
    text = (
        "defaults d\n  mode http\nbackend b from d\n  server s 127.0.0.1:1 resolvers default\n"
        '  use-server s if { var(txn.x) -m bool }\nfrontend f\n  use_backend "$NAME"\n'
        "  use_backend b if HTTP\n  use_backend %[req.hdr(host)]\n  http-request track-sc0 src table p/t\n"
        "peers p\n  table t type ip size 1k store gpc0\n"
    )
    assert found(registry, text) == {}


@pytest.mark.haproxy
def test_names_that_haproxy_does_not_look_for_are_warned_of(tmp_path):
    path = tmp_path / "h.cfg"
    path.write_text(
        "# _version=3\ndefaults\n  mode http\n  timeout client 1s\n  timeout connect 1s\n"
        "  timeout server 1s\nfrontend f\n  bind 127.0.0.1:1\n  stats scope gone\n"
        "  acl never always_true\n  default_backend b\nbackend b\nbackend lost\n"
    )
    argv = ["check", str(path), "--json", "-b", one_haproxy("2.8")]
    told = json.loads(CliRunner().invoke(main, argv, catch_exceptions=False).stdout)
    assert told["accepted"] is True
    found = {(one["line"], one["severity"], one["message"]) for one in told["findings"]}
    assert {
        (9, "warning", "there is no section frontend or listen or backend gone"),
        (10, "warning", "nothing refers to acl never"),
        (13, "warning", "nothing refers to backend lost"),
    } <= found
