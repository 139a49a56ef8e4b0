"""What a client is told of a file that HAProxy reads for a text: no line of one outside the storage."""

from pathlib import Path

import pytest

from dataplane_core.errors import CheckFailed
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.haproxy.foreign_files import ForeignFiles
from tests.haproxy.support import configured
from tests.harness.fixtures import one_haproxy

SECRET = "alice:$6$SALT$HASH: %[SECRET] it's 'MINE' {\nsecond:SECRET\n"
WORDS = ("alice", "HASH", "SECRET", "MINE", "second:")
TEXT = """\
global
  {0}
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind unix@{folder}/socket {1}
  {2}
backend b
  {3}
"""
NAMED = {
    "a pattern": (2, "http-request deny if {{ src -f {file} }}"),
    "an ACL": (2, "acl x src -f {file}"),
    "a number": (2, "http-request deny if {{ req.len -f {file} }}"),
    "a map": (2, "http-request set-var(txn.a) src,map_ip({file})"),
    "a map of numbers": (2, "http-request set-var(txn.a) path,map_str_int({file})"),
    "a map of a backend": (2, "use_backend %[src,map_ip({file})]"),
    "sticking": (3, "stick match src if {{ dst_port -f {file} }}"),
    "a crt-list": (1, "ssl crt-list {file}"),
    "a quoted crt-list": (1, 'ssl "crt"-list {file}'),
    "a log-format": (2, "http-request return status 200 content-type text/plain lf-file {file}"),
    "a script": (0, "lua-load {file}"),
    "an engine": (2, "filter spoe engine e config {file}"),
}  # fmt: skip


def said(folder: Path, program: str, place: int, line: str, stored: Path) -> str:
    """What the check of a text says."""
    words = ["", "", "", ""]
    words[place] = line
    text = TEXT.format(*words, folder=folder)
    settings = configured(folder, haproxy_bin=program).replace(
        **{"dataplaneapi.resources.maps_dir": str(stored)}
    )
    (folder / "candidate").write_text(text)
    with pytest.raises(CheckFailed) as failed:
        HaproxyChecker(settings).check(folder / "candidate")
    assert failed.value.findings
    return " ".join((failed.value.message, *(one.message for one in failed.value.findings)))


@pytest.mark.haproxy
@pytest.mark.parametrize("version", ["2.6", "2.8", "3.2"])
@pytest.mark.parametrize("named", NAMED)
def test_no_line_of_a_foreign_file_is_told(tmp_path: Path, version: str, named: str) -> None:
    file = tmp_path / "elsewhere"
    file.write_text(SECRET.split(" ")[0] + "\n" if "crt" in named else SECRET)  # 2.8 hangs over brackets
    place, line = NAMED[named]
    found = said(tmp_path, one_haproxy(version), place, line.format(file=file), tmp_path / "stored")
    assert not [word for word in WORDS if word in found], found
    assert str(file) in found


@pytest.mark.haproxy
def test_a_line_of_a_stored_file_is_told(tmp_path: Path, haproxy_program: str) -> None:
    (tmp_path / "stored").mkdir()
    file = tmp_path / "stored" / "names.map"
    file.write_text("192.0.2.x name\n")
    line = f"http-request set-var(txn.a) src,map_ip({file})"
    assert "'192.0.2.x' is not a valid IPv4" in said(tmp_path, haproxy_program, 2, line, tmp_path / "stored")


@pytest.mark.parametrize(
    "message",
    [
        "unknown keyword 'balanse' in 'backend' section; did you mean 'balance' maybe ?",
        "proxy 'f' has the same name as proxy 'f' declared at [haproxy.cfg:8].",
        "'bind [::1]:80' : missing port", "'server b/s' : could not use [::1:80]",
        "unable to stat SSL certificate from file '/nowhere.pem' : No such file or directory.",
    ],
)  # fmt: skip
def test_all_else_is_told_in_haproxys_words(message: str) -> None:
    assert ForeignFiles("haproxy.cfg", ()).without_contents(message, "bind :1 crt-list /nowhere") == message


def test_the_reason_is_kept_where_it_is_haproxys_own(tmp_path: Path) -> None:
    message = "error : 'a' is not a valid IPv4' is not a valid IPv4 or IPv6 address at line 3 of file '/x'."
    assert ForeignFiles("haproxy.cfg", [str(tmp_path)]).without_contents(message) == (
        "line 3 of the file /x is not a valid IPv4 or IPv6 address; "
        "what it holds is not shown, as the file is outside of the storage"
    )
